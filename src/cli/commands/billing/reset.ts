import path from 'node:path';
import type { StoredRecord } from '../../../billing/reset.js';
import { MangamotionError } from '../../../errors.js';
import type { RedisReader } from '../../../redis/reader.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { USER_ARGUMENT } from './shared-options.js';

/** A record that changes between reading and removing is read, and written to the file, anew. */
const MOST_ROUNDS = 10;

export const billingReset = defineCommand({
  description:
    'Remove the lifetime total of a user; with --all, also the days and the jobs. The records ' +
    'are first saved to a JSON file, and a record is removed only if it still matches that file. ' +
    'On a terminal the command asks first; elsewhere it needs --yes.',
  arguments: { user: USER_ARGUMENT },
  options: {
    all: { description: 'also remove the days and the jobs' },
    export: {
      value: 'file',
      description:
        'save the removed records to this new file (default: billing-reset-USER-TIME.json in the ' +
        'current folder)',
      complete: 'file',
    },
  },
  changes: 'dry-run',
  usesStore: false,
  printsRows: false,
  endsWith: ['not_found', 'damaged', 'unreachable', 'refused'],
  examples: {
    'mangamotion billing reset alice --dry-run': 'show what would be removed',
    'mangamotion billing reset alice --all --yes --export /root/alice.json':
      'remove everything without a prompt',
  },
  async run(context, { user }, { all, export: exportTo }) {
    const redis = await context.openRedis();
    const { findRecords } = await import('../../../billing/reset.js');
    const records = await findRecords(redis, { userId: user, all, signal: context.signal });
    if (records.length === 0) {
      throw new MangamotionError(
        'not_found',
        `no ${all ? '' : 'lifetime '}record of user ${user}`,
        {
          hint: 'mangamotion billing all-users lists the users',
        },
      );
    }
    if (context.dryRun) {
      await report(context, { user, records, file: undefined });
      return undefined;
    }
    if (!context.saysYes) await ask(context, user, records);
    const file = path.resolve(context.cwd, exportTo ?? defaultName(user, context.now()));
    const removed = await exportAndRemove(context, redis, { user, file, records });
    await report(context, { user, records: removed, file });
    return undefined;
  },
});

async function ask(
  context: CommandContext,
  user: string,
  records: readonly StoredRecord[],
): Promise<void> {
  const answer = await context.confirm(
    `remove ${countOf(records.length, 'record')} of user ${user}?`,
  );
  if (answer === true) return;
  throw new MangamotionError(
    answer === undefined ? 'usage' : 'refused',
    answer === undefined ? 'there is no terminal for the question' : 'nothing was removed',
    { hint: 'use --yes to skip the question, or --dry-run to see what would be removed' },
  );
}

async function exportAndRemove(
  { now, signal }: CommandContext,
  redis: RedisReader,
  { user, file, records }: { user: string; file: string; records: readonly StoredRecord[] },
): Promise<StoredRecord[]> {
  const { removeRecord } = await import('../../../billing/reset.js');
  const { createExport } = await import('../../../billing/reset-export.js');
  const identityOf = ({ key, key_base64: bytes }: StoredRecord) => bytes ?? key;
  const kept = new Map(records.map((record) => [identityOf(record), record]));
  const target = await createExport(file, { userId: user, now: now() });
  let left: readonly StoredRecord[] = records;
  let mayHaveRemoved = false;
  try {
    for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
      signal.throwIfAborted();
      await target.write([...kept.values()]);
      const changed: StoredRecord[] = [];
      for (const record of left) {
        const now = await removeRecord(redis, record);
        mayHaveRemoved = true;
        if (now !== undefined) changed.push(now);
      }
      left = changed;
      for (const record of left) kept.set(identityOf(record), record);
    }
  } catch (error) {
    const { isRefusedByServer } = await import('../../../redis/errors.js');
    if (!mayHaveRemoved && isRefusedByServer(error)) await target.discard();
    throw error;
  }
  if (left.length === 0) return [...kept.values()];
  throw new MangamotionError(
    'refused',
    `${left.length} of ${countOf(kept.size, 'record')} ${left.length === 1 ? 'was' : 'were'} not removed, because ${left.length === 1 ? 'it keeps' : 'they keep'} changing`,
    {
      hint: `stop the workers of the user and run the command again; ${file} contains the removed records`,
    },
  );
}

function defaultName(user: string, now: Date): string {
  const safe = user.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 80);
  return `billing-reset-${safe}-${now.toISOString().replace(/[:.]/g, '-')}.json`;
}

interface Report {
  user: string;
  records: readonly StoredRecord[];
  /** `undefined` for a dry run. */
  file: string | undefined;
}

async function report(context: CommandContext, { user, records, file }: Report): Promise<void> {
  await context.output.document({
    json: { user_id: user, dry_run: file === undefined, export: file ?? null, records },
    human: (page) => {
      if (file === undefined) {
        page
          .text(`would remove ${countOf(records.length, 'record')} of user ${user} (dry run)`)
          .text('');
        page.table(recordColumns, records);
        return;
      }
      page.text(`✓ removed ${countOf(records.length, 'record')} of user ${user}`, 'good');
      page.text(`saved in ${file}`, 'muted');
    },
  });
}

const recordColumns: Column<StoredRecord>[] = [
  { title: 'record', name: 'key', value: ({ key }) => key },
  {
    title: 'bytes',
    name: 'bytes_processed',
    value: ({ fields }) => fields.bytes_processed ?? '',
    align: 'right',
  },
  {
    title: 'seconds',
    name: 'compute_seconds',
    value: ({ fields }) => fields.compute_seconds ?? '',
    align: 'right',
  },
  {
    title: 'jobs',
    name: 'job_count',
    value: ({ fields }) => fields.job_count ?? '',
    align: 'right',
  },
];
