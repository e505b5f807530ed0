import { MangamotionError } from '../../../errors.js';
import type {
  PlannedChange,
  PlannedRestore,
  RestoreOptions,
} from '../../../restore/plan-restore.js';
import type { RestoreContext } from '../../../restore/prepared.js';
import { isBucketName } from '../../../restore/selection.js';
import { defineCommand } from '../../argv/command.js';
import { fieldNames } from '../../output/fields.js';
import { willAsk } from '../../argv/confirm-options.js';
import type { CommandContext } from '../../argv/command.js';
import { backupArgument, chooseOptions, findBackup } from '../backup/backup-name.js';
import { openSharer, shareOptions } from '../backup/shares.js';
import { restoreWorkerOption, workersFor } from '../backup/workers.js';
import { findingsAbout } from '../schedule/state-folder.js';
import { askToDestroy } from './ask.js';
import { applyRestoring } from './apply.js';
import { checkRestoreShares } from './share-options.js';

export const restoreCommand = defineCommand({
  description:
    'Restore objects and bucket settings from a backup. A restore first plans its work; ' +
    '--dry-run shows the plan and changes nothing. Objects that already match the backup are not ' +
    'written again, so a restore can be repeated; objects that are not in the backup stay. On a ' +
    'terminal it asks before it overwrites or removes objects. At the end it compares what it ' +
    'wrote with a listing. It also restores backups made by backup-minio.sh, with content types ' +
    'guessed from the names of the objects; a tar.gz is first unpacked below TMPDIR, even for ' +
    '--dry-run.',
  arguments: {
    ...backupArgument,
    scope: {
      description:
        'what to restore: metadata (the documents of buckets), data (the objects), full (both), or ' +
        'redis (the keys of Redis, which no other scope touches)',
      choices: ['full', 'metadata', 'data', 'redis'],
      default: 'full',
    },
  },
  options: {
    ...chooseOptions,
    bucket: {
      value: 'name',
      description: 'restore only this bucket',
      complete: 'captured-bucket',
      repeatable: true,
    },
    prefix: {
      value: 'prefix',
      description: 'restore only objects with this prefix, and no documents of buckets',
      repeatable: true,
    },
    key: {
      value: 'key',
      description:
        'restore only the object with this key, and no documents of buckets; adds to --prefix; of ' +
        'redis, only the keys that match this pattern, such as billing:user:*',
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
        'if a different object has the key: overwrite it (the default), skip it, or fail before any ' +
        'change; if Redis holds the key and differs: raise each counter of billing to the higher value ' +
        'and keep the rest (higher, the default), keep the key, or replace it',
      choices: ['overwrite', 'skip', 'fail', 'higher', 'keep', 'replace'],
    },
    deleteExtra: {
      description:
        'at the end, remove objects that the backup does not contain from the restored buckets (with ' +
        '--prefix, only below it); over a quarter of a bucket only with --yes',
    },
    encryption: {
      value: 'how',
      description:
        'how to encrypt: keep the original encryption and fail objects if the target refuses it; ' +
        'prefer it, but fall back to the default of the bucket with a warning; or always use the ' +
        'default of the bucket',
      choices: ['keep', 'prefer', 'bucket'],
      default: 'prefer',
    },
    noProof: {
      description: 'do not compare the result with a listing of the target',
    },
    list: { description: 'with --dry-run, list every object that would change' },
    ...shareOptions('restore'),
    ...restoreWorkerOption,
  },
  changes: 'dry-run',
  usesStore: true,
  opensBackups: true,
  checksSignatures: true,
  printsRows: true,
  endsWith: [
    'partial',
    'not_found',
    'damaged',
    'unreachable',
    'access_denied',
    'refused',
    'interrupted',
    'terminated',
  ],
  examples: {
    'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --dry-run':
      'show the plan',
    'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --bucket processed --key 4711/result.zip':
      'restore one object',
    'mangamotion restore /var/backups/minio/minio_backup_full_20240115_020000 --shard 1/4':
      'restore a quarter of the objects; other machines restore the others',
  },
  async run(context, { backup, scope }, options) {
    checkRestoreShares(scope, options);
    if (scope === 'redis') {
      const { restoreRedis } = await import('./redis.js');
      return await restoreRedis(context, backup, options);
    }
    const {
      latest,
      at,
      line,
      asStoredAt,
      trustFirstVersions,
      bucket,
      prefix,
      key,
      as,
      deleteExtra,
    } = options;
    const onConflict = conflictOf(options.onConflict);
    const { list, encryption, noProof } = options;
    if (list && !context.dryRun) throw new MangamotionError('usage', '--list needs --dry-run');
    const { planRestore } = await import('../../../restore/plan-restore.js');
    const { requireSigned } = await import('../../../repository/signed-backup.js');
    const { isPartial } = await import('../../../restore/report.js');
    const holds = scope === 'metadata' ? 'documents' : 'objects';
    const found = await findBackup(
      context,
      backup,
      {
        ...{ latest, at, line, asStoredAt, trustFirstVersions },
        ...{ buckets: bucket, ambiguous: 'refuse' },
      },
      holds,
    );
    const located = await requireSigned(found);
    const renames = renamesOf(as);
    const selection = { buckets: bucket, prefixes: prefix, keys: key, renames };
    const wanted: RestoreOptions = {
      scope,
      selection,
      onConflict,
      deleteExtra,
      confirms: !context.dryRun && willAsk(context),
      dryRun: context.dryRun,
      share: options.shard,
    };
    const store = await context.openStore(bucket.map((name) => renames.get(name) ?? name));
    const restoreContext: RestoreContext = {
      store,
      findings: await findingsAbout(context, store),
      now: context.now,
      ...{ signal: context.signal, progress: context.progress },
      workers: await workersFor(context, options.workers),
    };
    const { engine, shards } = options;
    // The queue is opened first: a Redis or a BullMQ that is missing is told before the target is listed.
    const sharer =
      engine === undefined || context.dryRun
        ? undefined
        : await openSharer(context, located, { kind: 'restore', target: store }, options);
    let planned: PlannedRestore | undefined;
    try {
      planned = await planRestore(restoreContext, located, wanted);
      context.progress.done();
      if (context.dryRun) {
        await showPlan(context, planned, list);
        return undefined;
      }
      const consented = await askToDestroy(context, planned.plan);
      const apply = { consented, encryption, proof: !noProof };
      const how = { located, restore: wanted, apply, sharer, shards };
      const report = await applyRestoring(context, restoreContext, planned, how);
      const { describeReport, planCsv } = await import('./describe.js');
      context.progress.done();
      await context.output.document({
        json: report,
        human: (page) => describeReport(page, report),
        csv: planCsv(report),
      });
      return isPartial(report) ? 'partial' : undefined;
    } finally {
      await sharer?.close();
      await planned?.close();
    }
  },
});

/** What happens to objects that differ. Throws `usage` for a way of Redis. */
function conflictOf(way: string | undefined): RestoreOptions['onConflict'] {
  if (way === undefined) return 'overwrite';
  if (way === 'overwrite' || way === 'skip' || way === 'fail') return way;
  throw new MangamotionError('usage', `--on-conflict ${way} is for the scope redis alone`);
}

async function showPlan(
  { output }: CommandContext,
  { plan, changes }: PlannedRestore,
  list: boolean,
): Promise<void> {
  const { changeColumns, describePlan, planCsv } = await import('./describe.js');
  if (!list || output.forJson) {
    await output.document({
      json: plan,
      human: (page) => describePlan(page, plan),
      csv: planCsv(plan),
    });
    return;
  }
  await output.rows({
    ...{
      member: 'changes',
      rows: changes(),
      columns: changeColumns,
      fields: fieldNames('action', 'bucket', 'key', 'size'),
      json: (change: PlannedChange) => change,
    },
    empty: 'nothing would change',
  });
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
