import { MangamotionError } from '../../../errors.js';
import type {
  PlannedChange,
  PlannedRestore,
  RestoreOptions,
} from '../../../restore/plan-restore.js';
import type { ApplyOptions, RestoreContext } from '../../../restore/prepared.js';
import { isBucketName } from '../../../restore/selection.js';
import { defineCommand } from '../../argv/command.js';
import { confirmOptions, willAsk } from '../../argv/confirm-options.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { findBackup, chooseOptions } from '../backup/backup-name.js';
import { askToDestroy } from './ask.js';

export const restoreCommand = defineCommand({
  description:
    'Bring a backup back into the store: objects, and what buckets are configured with. A plan is ' +
    'made first; --dry-run shows it and changes nothing. What is as in the backup is left alone, so ' +
    'that a restore can be run again; objects that are not in the backup stay. On a terminal it asks ' +
    'before it overwrites or removes any. What was written is compared with a listing in the end. A backup that ' +
    'backup-minio.sh made is restored too, with content types by the names of the objects; a ' +
    'tar.gz of it is unpacked below TMPDIR first, for --dry-run too.',
  arguments: {
    backup: {
      description:
        'the backup (a path, or s3://bucket/prefix/NAME), with or without .tar.gz; or a destination, with --latest or --at',
      complete: 'file',
    },
    scope: {
      description:
        'what to restore: metadata is the documents of buckets, data the objects, full is both',
      choices: ['full', 'metadata', 'data'],
      default: 'full',
    },
  },
  options: {
    ...chooseOptions,
    bucket: {
      value: 'name',
      description: 'this bucket alone',
      repeatable: true,
    },
    prefix: {
      value: 'prefix',
      description: 'only objects whose keys begin with this, and no documents of buckets',
      repeatable: true,
    },
    key: {
      value: 'key',
      description:
        'only the object with this key, and no documents of buckets; with --prefix, these too',
      repeatable: true,
    },
    as: {
      value: 'old=new',
      description: 'restore bucket old into bucket new',
      repeatable: true,
      parse: parseRename,
    },
    onConflict: {
      value: 'what',
      description:
        'where another object has the key: overwrite it, skip it, or fail before anything is changed',
      choices: ['overwrite', 'skip', 'fail'],
      default: 'overwrite',
    },
    deleteExtra: {
      description:
        'remove the objects of the buckets (with --prefix: those with the prefix) that the backup ' +
        'does not have, when all else is done; over a quarter of a bucket only with --yes',
    },
    encryption: {
      value: 'how',
      description:
        'encrypt as the objects were: keep fails an object where the target refuses that, prefer ' +
        "falls back on the bucket's default and says so, bucket takes the default",
      choices: ['keep', 'prefer', 'bucket'],
      default: 'prefer',
    },
    noProof: {
      description: 'do not compare what was written with the listing of the target in the end',
    },
    list: { description: 'with --dry-run: name every object that would be changed' },
    ...confirmOptions,
  },
  changes: 'dry-run',
  usesStore: true,
  printsRows: false,
  endsWith: [
    'partial',
    'not_found',
    'damaged',
    'unreachable',
    'refused',
    'interrupted',
    'terminated',
  ],
  examples: [
    {
      command: 'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --dry-run',
      meaning: 'what would be done',
    },
    {
      command:
        'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --bucket processed --key 4711/result.zip',
      meaning: 'one object',
    },
    {
      command:
        'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --bucket originals --as originals=originals-restored',
      meaning: 'a bucket beside the one that is there',
    },
  ],
  async run(context, { backup, scope }, options) {
    const { latest, at, line, bucket, prefix, key, as, onConflict, deleteExtra } = options;
    const { list, encryption, noProof, yes, noInput } = options;
    if (list && !context.dryRun) throw new MangamotionError('usage', '--list needs --dry-run');
    const { planRestore } = await import('../../../restore/plan-restore.js');
    const { isPartial } = await import('../../../restore/report.js');
    const holds = scope === 'metadata' ? 'documents' : 'objects';
    const located = await findBackup(
      context,
      backup,
      { latest, at, line, buckets: bucket, ambiguous: 'refuse' },
      holds,
    );
    const renames = renamesOf(as);
    const selection = { buckets: bucket, prefixes: prefix, keys: key, renames };
    const wanted: RestoreOptions = {
      scope,
      selection,
      onConflict,
      deleteExtra,
      confirms: !context.dryRun && willAsk(context, { yes, noInput }),
      dryRun: context.dryRun,
    };
    const restoreContext: RestoreContext = {
      store: await context.openStore(bucket.map((name) => renames.get(name) ?? name)),
      now: context.now,
      ...{ signal: context.signal, progress: context.progress },
    };
    const planned = await planRestore(restoreContext, located, wanted);
    try {
      context.progress.done();
      if (context.dryRun) {
        await showPlan(context, planned, list);
        return undefined;
      }
      const consented = await askToDestroy(context, planned.plan, { yes, noInput });
      const report = await apply(context, restoreContext, planned, {
        ...{ consented, encryption, proof: !noProof },
      });
      const { describeReport } = await import('./describe.js');
      context.progress.done();
      await context.output.document({
        json: report,
        human: (page) => describeReport(page, report),
      });
      return isPartial(report) ? 'partial' : undefined;
    } finally {
      await planned.close();
    }
  },
});

async function showPlan(
  { output }: CommandContext,
  { plan, changes }: PlannedRestore,
  list: boolean,
): Promise<void> {
  const { changeColumns, describePlan } = await import('./describe.js');
  if (!list || !output.forPeople) {
    await output.document({ json: plan, human: (page) => describePlan(page, plan) });
    return;
  }
  await output.rows({
    ...{
      member: 'changes',
      rows: changes(),
      columns: changeColumns,
      json: (change: PlannedChange) => change,
    },
    empty: 'nothing would be changed',
  });
}

/** Carries the plan out; after an interruption it reports how far it came. */
async function apply(
  context: CommandContext,
  restoreContext: RestoreContext,
  planned: PlannedRestore,
  options: ApplyOptions,
) {
  const { applyRestore } = await import('../../../restore/apply-restore.js');
  try {
    return await applyRestore(restoreContext, planned, options);
  } catch (error) {
    if (context.signal.aborted) {
      const { objects, bytes, deleted } = planned.done;
      const removed = deleted === 0 ? '' : `, and ${countOf(deleted, 'object')} removed`;
      context.warn(
        `interrupted after ${countOf(objects, 'object')} (${bytes} bytes) were written${removed}; run it again to go on: what is there is not written twice`,
      );
    }
    throw error;
  }
}

function parseRename(text: string): [string, string] {
  const [from, to, ...more] = text.split('=');
  if (from === undefined || from === '' || to === undefined || to === '' || more.length > 0) {
    throw new MangamotionError('usage', 'must be OLD=NEW, two names of buckets');
  }
  if (!isBucketName(to)) {
    throw new MangamotionError(
      'usage',
      'must end in the name of a bucket (3 to 63 of a-z 0-9 . -)',
    );
  }
  return [from, to];
}

function renamesOf(pairs: readonly [string, string][]): Map<string, string> {
  const renames = new Map(pairs);
  if (renames.size === pairs.length) return renames;
  throw new MangamotionError('usage', 'a bucket is renamed twice with --as');
}
