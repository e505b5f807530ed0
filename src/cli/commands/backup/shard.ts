import { workOnShard } from '../../../backup/shards/shard-worker.js';
import { withoutNames } from '../../../backup/without-names.js';
import { type FromChild, REPORT_EVERY_MS } from '../../../engine/child/messages.js';
import { type Parent, parentOf } from '../../../engine/child/parent.js';
import { MangamotionError, isMangamotionError, messageOf } from '../../../errors.js';
import { type CommandContext, defineCommand } from '../../argv/command.js';
import { openShardContext } from './shard-context.js';
import { readersFor, workerOption } from './workers.js';

/** Works on the shard that its parent names. Its stdout and stderr have no reader: it tells its parent all. */
export const shardCommand = defineCommand({
  description: 'Work on one shard, for the worker that has started this process.',
  arguments: { destination: { description: 'the destination of the backup' } },
  options: workerOption,
  changes: 'always',
  usesStore: true,
  opensBackups: true,
  makesBackups: true,
  checksSignatures: true,
  printsRows: false,
  endsWith: [],
  examples: {},
  async run(context, { destination }, { workers }) {
    const parent = parentOf(process);
    if (parent === undefined) {
      throw new MangamotionError('usage', 'this command is for `mangamotion backup worker` alone');
    }
    await parent.sendLast(await work(context, parent, destination, workers));
    return undefined;
  },
});

async function work(
  context: CommandContext,
  parent: Parent,
  location: string,
  workers: number | undefined,
): Promise<FromChild> {
  const warn = (line: string) => parent.send({ kind: 'warning', line });
  context.logTo({
    info: () => undefined,
    warn: (_fields, line) => warn(line),
  });
  let endpoints: Parameters<typeof withoutNames>[1] | undefined;
  let counts = { objects: 0, bytes: 0 };
  const report = () => parent.send({ kind: 'progress', ...counts });
  const timer = setInterval(report, REPORT_EVERY_MS);
  try {
    const readers = await readersFor(context, workers);
    const shard = await openShardContext(context, location, readers);
    if (shard.destination.vault.recipients.length > 0) {
      const { store, destination } = shard;
      endpoints = { store: store.endpoint, destination: destination.excludesBucket };
    }
    parent.send({ kind: 'ready' });
    const job = await parent.job(context.signal);
    const { signal } = context;
    const onProgress = (now: typeof counts) => (counts = now);
    const hooks = { signal, onProgress, warn };
    if (job.kind === 'capture') return { kind: 'done', done: await workOnShard(shard, job, hooks) };
    const { workOnShare } = await import('./work-on-share.js');
    const sharing = { ...shard, workers: Math.max(1, readers) };
    const result = await workOnShare(context, location, sharing, job, hooks);
    return { kind: 'done', done: { ...counts, result } };
  } catch (error) {
    // The queue and the logs of a run that encrypts name no object.
    const told = endpoints === undefined ? error : withoutNames(error, endpoints);
    if (!isMangamotionError(told))
      return { kind: 'failed', code: 'internal', message: messageOf(told), hint: null };
    const { code, message, hint = null } = told;
    return { kind: 'failed', code, message, hint };
  } finally {
    clearInterval(timer);
  }
}
