import { basename } from 'node:path';
import type { Diff } from '../../../backup/diff/diff-backups.js';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import type { Moment } from '../../../moment.js';
import type { LocatedBackup } from '../../../repository/located-backup.js';
import { backupIdOf } from '../../../repository/names.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import { type CommandContext, defineCommand } from '../../argv/command.js';
import { chooseOptions, findBackup, pastIn } from './backup-name.js';
import { DIFF_FIELDS, csvColumns, tableColumns, totalsText } from './diff-table.js';

export const backupDiff = defineCommand({
  description:
    'Compare two backups, or a backup with the store as it is now: what was added, removed and ' +
    'changed. Two backups are compared by their indexes: contents, headers, metadata, tags, locks ' +
    'and the settings of buckets. A store is compared by its listing, which shows sizes, ETags and ' +
    'times alone. An object that was written again with the same content is no difference.',
  arguments: {
    before: {
      description:
        'the earlier backup (a path or s3://bucket/prefix/NAME); with --latest or --at, a destination',
      complete: 'backup',
    },
    after: {
      description: 'the later one, which may lie elsewhere; not with --store',
      optional: true,
      complete: 'backup',
    },
    destination: {
      description: 'where both lie, if they are given by their names alone',
      optional: true,
      complete: 'destination',
    },
  },
  options: {
    ...chooseOptions,
    latest: {
      description:
        'use the newest complete backup of each destination; with --at, of the later one alone',
    },
    store: { description: 'compare with the object store of the settings' },
    bucket: {
      value: 'name',
      description: 'compare only this bucket',
      complete: 'captured-bucket',
      repeatable: true,
    },
    prefix: {
      value: 'prefix',
      description: 'compare only objects with this prefix',
      repeatable: true,
    },
    summary: { description: 'print the counts alone, without a row for each difference' },
    exitCode: { description: 'end with 5 if there is a difference' },
  },
  changes: 'nothing',
  usesStore: true,
  opensBackups: true,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup diff minio_backup_full_20240115_020000 minio_backup_full_20240122_020000 /var/backups/minio':
      'what has changed in a week',
    'mangamotion backup diff /var/backups/minio /var/backups/minio --at 7d --latest --summary':
      'the same in numbers, for the newest backup',
    'mangamotion backup diff /var/backups/minio --latest --store --exit-code':
      'whether the store still has what was backed up',
  },
  async run(context, { before, after, destination }, options) {
    const { store, summary, exitCode } = options;
    if (store === (after !== undefined)) {
      throw new MangamotionError(
        'usage',
        store ? '--store takes the place of the second backup' : 'there is nothing to compare with',
        { hint: 'Name a second backup, or use --store.' },
      );
    }
    const sides = {
      before: within(destination, before),
      after: after === undefined ? undefined : within(destination, after),
    };
    const compared = await compare(context, sides, options);
    const { diff, head } = compared;
    try {
      const tellNotes = teller(context, diff);
      tellNotes();
      if (summary) await printSummary(context, compared);
      else {
        await context.output.rows({
          head,
          member: 'changes',
          rows: diff.rows,
          json: (row) => row,
          tail: () => tailOf(diff),
          fields: DIFF_FIELDS,
          columns: context.output.forPeople ? tableColumns : csvColumns,
          footer: () => totalsText(diff.totals.counts, diff.comparesObjects),
          empty: diff.leavesOut ? 'no differences in what is compared' : 'no differences',
        });
      }
      tellNotes();
    } finally {
      await diff.close();
    }
    return endingOf(diff, exitCode);
  },
});

interface Compared {
  diff: Diff;
  head: object;
}

interface Choice {
  latest: boolean;
  at: Moment | undefined;
  line: string | undefined;
  asStoredAt: Moment | undefined;
  trustFirstVersions: boolean;
  bucket: readonly string[];
  prefix: readonly string[];
}

async function compare(
  context: CommandContext,
  { before, after }: { before: string; after: string | undefined },
  choice: Choice,
): Promise<Compared> {
  const { latest, at, bucket: buckets, prefix: prefixes } = choice;
  const isChosen = latest || at !== undefined;
  if (isChosen && [before, after].every((named) => named === undefined || isBackup(named))) {
    throw new MangamotionError('usage', '--latest and --at need a destination, not a backup', {
      hint: 'Give the folder or s3://bucket/prefix that holds the backups, or omit the option.',
    });
  }
  const selection = { buckets, keys: [], prefixes };
  const { asStoredAt } = choice;
  pastIn(choice, context.now());
  const hasBucket = [before, after].some((path) => path !== undefined && isS3Url(path));
  if (asStoredAt !== undefined && !hasBucket) {
    throw new MangamotionError(
      'usage',
      '--as-stored-at: neither backup is in an s3:// destination',
      {
        hint: 'Leave it out: only what is there now can be read.',
      },
    );
  }
  const earlier = await find(context, before, choice, at === undefined ? 'latest' : 'at');
  if (after === undefined) {
    const { diffWithStore } = await import('../../../backup/diff/diff-store.js');
    const store = await context.openStore(buckets);
    const { signal, now } = context;
    const diff = await diffWithStore({ store, signal, now }, earlier, selection);
    return { diff, head: { before: named(earlier), after: { store: store.endpoint } } };
  }
  const later = await find(context, after, choice, latest ? 'latest' : 'at');
  const { diffBackups } = await import('../../../backup/diff/diff-backups.js');
  const diff = await diffBackups(earlier, later, selection, context.signal);
  return { diff, head: { before: named(earlier), after: named(later) } };
}

/** A name is that of a backup, or of a destination of which one is chosen. */
async function find(
  context: CommandContext,
  path: string,
  { latest, at, line, bucket: buckets, ...choice }: Choice,
  by: 'latest' | 'at',
): Promise<LocatedBackup> {
  const { asStoredAt, trustFirstVersions } = choice;
  // The past is that of a bucket.
  const past = isS3Url(path) ? { asStoredAt, trustFirstVersions } : {};
  if (isBackup(path)) {
    return await findBackup(context, path, { latest: false, at: undefined, ...past });
  }
  return await findBackup(context, path, {
    ...(by === 'at' ? { latest: false, at } : { latest, at: undefined }),
    ...{ line, buckets, ambiguous: 'widest' },
    ...past,
  });
}

function isBackup(path: string): boolean {
  return backupIdOf(basename(path)) !== undefined;
}

function within(destination: string | undefined, name: string): string {
  if (destination === undefined) return name;
  if (isBackup(name) && basename(name) === name)
    return `${destination.replace(/\/+$/, '')}/${name}`;
  throw new MangamotionError('usage', `with a destination, ${name} must be the name of a backup`, {
    hint: 'Give names such as minio_backup_full_20240115_020000, or two paths and no destination.',
  });
}

function named({ destination, backup: { id } }: LocatedBackup): { backup: string; path: string } {
  return { backup: id, path: `${destination.location.replace(/\/$/, '')}/${id}` };
}

/** Returns a function that tells each note once. A listing adds some while it is read. */
function teller({ warn, progress }: CommandContext, { notes, notCompared }: Diff): () => void {
  for (const reason of new Set(notCompared.map((one) => one.reason))) {
    const buckets = notCompared.filter((one) => one.reason === reason).map(({ bucket }) => bucket);
    warn(`not compared: ${buckets.join(', ')} (${reason})`);
  }
  let told = 0;
  return () => {
    for (const note of notes.slice(told)) progress.note(`mangamotion: note: ${note}`);
    told = notes.length;
  };
}

async function printSummary({ output }: CommandContext, { diff, head }: Compared): Promise<void> {
  // They are counted as they are read.
  while ((await diff.rows.next()).done !== true);
  await output.document({
    json: { ...head, ...tailOf(diff) },
    human: (page) => page.line(totalsText(diff.totals.counts, diff.comparesObjects)),
  });
}

function tailOf({ totals, comparesObjects, notCompared, notes }: Diff): object {
  return {
    objects_compared: comparesObjects,
    total: totals.counts,
    not_compared: notCompared,
    notes,
  };
}

function endingOf({ totals, leavesOut }: Diff, exitCode: boolean): ErrorCode | undefined {
  if (exitCode && totals.counts.differences > 0) return 'damaged';
  return totals.hasUnknown || leavesOut ? 'partial' : undefined;
}
