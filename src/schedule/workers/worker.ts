/** What the texts for `backup worker` and for shards have in common, on every platform. */

export interface WorkerSettings {
  /** An absolute folder, or an `s3://` URL. */
  destination: string;
  isFolder: boolean;
  /** How many shards one worker captures at once, each in a process of its own. */
  concurrency: number;
  /** The threads of each such process that read objects. */
  threads: number;
  /** The name of the queue; `undefined` for that of the settings. */
  queue: string | undefined;
  graceSeconds: number;
}

/** Where a worker in a container answers probes. */
export const WORKER_PORT = 9466;

/** When the grace is over, a worker gives its shards back and says goodbye to Redis. */
const AFTER_GRACE_SECONDS = 30;

export interface Memory {
  /** In MiB. */
  request: number;
  limit: number;
}

/**
 * The memory of processes, in MiB. One that captures with one thread peaks at 228 to 260 MB where the
 * destination is a bucket, each further thread takes up to 60 MB (speed.md). A worker beside them takes 100 MB, and 130 MB when it starts.
 */
const CAPTURE_MIB = 256;
const THREAD_MIB = 64;
const WORKER_MIB = 128;
/** Node.js sizes its heap by the limit: below this one it would collect garbage all the time. */
const LEAST_LIMIT_MIB = 512;

/** The memory of a process that captures alone. */
export function captureMemory(threads: number): Memory {
  return limited(CAPTURE_MIB + THREAD_MIB * (threads - 1));
}

/** The memory of a worker and the processes that it starts. */
export function workerMemory({
  concurrency,
  threads,
}: Pick<WorkerSettings, 'concurrency' | 'threads'>): Memory {
  return limited(WORKER_MIB + concurrency * captureMemory(threads).request);
}

/** Half as much again: a limit ends the process, and the shard begins anew. */
function limited(request: number): Memory {
  return { request, limit: Math.max(LEAST_LIMIT_MIB, Math.ceil((request * 1.5) / 64) * 64) };
}

/** How long a platform waits after SIGTERM before it kills. */
export function stopSeconds({ graceSeconds }: Pick<WorkerSettings, 'graceSeconds'>): number {
  return graceSeconds + AFTER_GRACE_SECONDS;
}

/** The words after the program. */
export function workerWords(settings: WorkerSettings): string[] {
  const { destination, concurrency, threads, queue, graceSeconds } = settings;
  return [
    ...['backup', 'worker', destination],
    ...['--concurrency', String(concurrency), '--workers', String(threads)],
    ...['--grace', `${graceSeconds}s`],
    ...(queue === undefined ? [] : ['--queue', queue]),
  ];
}

/** A comment on the numbers, for every platform. */
export function workerAdvice({ concurrency, threads }: WorkerSettings): string[] {
  const { request } = workerMemory({ concurrency, threads });
  return [
    '# --concurrency: shards at once, each in a process of its own. One for each processor that backups may use.',
    '# --workers: threads of each process. More help only where the store is far away or slow on each connection.',
    `# They decide the memory: up to ${request} MiB here. Generate this file again with other values.`,
    '# --grace: shards that end within it after SIGTERM are kept. The others begin again on another worker.',
  ];
}
