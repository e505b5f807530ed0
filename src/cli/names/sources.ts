import path from 'node:path';
import type { NameKind } from '../argv/option-specs.js';
import type { Host } from '../host.js';
import type { Session } from '../run/session.js';
import type { TypedLine } from './typed-line.js';

interface NameRequest {
  /** What is typed of the name. */
  typed: string;
  line: TypedLine;
  session: Session;
  host: Pick<Host, 'cwd' | 'env' | 'now'>;
  signal: AbortSignal;
}

/** Names of one kind, some of which may not begin with what is typed. */
type NameSource = (request: NameRequest) => Promise<Iterable<string>>;

/** Jobs that are looked at in each list of the queue. */
const MOST_JOBS = 1000;
/** Steps of the scan for users: some 100,000 keys, which takes Redis about a tenth of a second. */
const MOST_STEPS = 100;

/** Each reads a bounded amount, and changes nothing. */
export const nameSources: Readonly<Record<NameKind, NameSource>> = {
  bucket: async ({ session, signal }) => {
    const store = await session.openStore();
    return (await store.listBuckets({ signal, attempts: 1 })).map(({ name }) => name);
  },
  'captured-bucket': capturedBuckets,
  destination: async (request) => {
    const { destinationsAt } = await import('./backups.js');
    return await destinationsAt(request.typed, placesOf(request));
  },
  backup: async (request) => {
    const { backupsAt } = await import('./backups.js');
    return await backupsAt(request.typed, placesOf(request));
  },
  'backup-id': async (request) => {
    const [location] = request.line.arguments;
    if (location === undefined) return [];
    const { idsAt } = await import('./backups.js');
    return await idsAt(location, placesOf(request));
  },
  job: async ({ line, session }) => {
    const [{ newestIds }, { addressOf, DEFAULT_QUEUE }] = await Promise.all([
      import('../../jobs/queue/ids.js'),
      import('../../jobs/queue/layout.js'),
    ]);
    const queue = addressOf(line.options.get('queue') ?? DEFAULT_QUEUE);
    return await newestIds(await session.openRedis(), queue, MOST_JOBS);
  },
  user: async ({ typed, session, signal }) => {
    const [{ scanKeys }, { userKeysFrom, userOfKey }] = await Promise.all([
      import('../../redis/scan.js'),
      import('../../billing/keys.js'),
    ]);
    const redis = await session.openRedis();
    const users: string[] = [];
    for await (const keys of scanKeys(redis, userKeysFrom(typed), signal, MOST_STEPS)) {
      users.push(...keys.map(userOfKey));
    }
    return users;
  },
  entry: async ({ line, host }) => {
    const [{ readCrontab, DEFAULT_FILE }, { parseCrontab }] = await Promise.all([
      import('../commands/schedule/file.js'),
      import('../../schedule/crontab/crontab.js'),
    ]);
    const shown = line.options.get('file') ?? DEFAULT_FILE;
    const options = { shown, hint: '', acceptsPipe: false };
    const { bytes } = await readCrontab(path.resolve(host.cwd, shown), options);
    const { entries } = parseCrontab(bytes.toString('utf8'), { zone: 'UTC', now: host.now() });
    return entries.map(({ name }) => name);
  },
};

/** Those in the summary of the backup; of a destination, of its newest backup. */
async function capturedBuckets(request: NameRequest): Promise<string[]> {
  const [named] = request.line.arguments;
  if (named === undefined) return [];
  const [{ locateBackup, readableSummary }, { backupIdOf }, { idsAt, newestWithObjects }] =
    await Promise.all([
      import('../../repository/locate.js'),
      import('../../repository/names.js'),
      import('./backups.js'),
    ]);
  const places = placesOf(request);
  const isBackup = backupIdOf(path.posix.basename(named)) !== undefined;
  const newest = isBackup ? undefined : newestWithObjects(await idsAt(named, places));
  if (!isBackup && newest === undefined) return [];
  const backup = isBackup ? named : `${named.replace(/\/+$/, '')}/${newest ?? ''}`;
  const located = await locateBackup(backup, places.cwd, places);
  return readableSummary(located.backup).buckets.map(({ name }) => name);
}

function placesOf({ host, session, signal }: NameRequest) {
  const { cwd, env } = host;
  return { cwd, home: env.HOME, openBackupStore: session.openBackupStore, signal };
}
