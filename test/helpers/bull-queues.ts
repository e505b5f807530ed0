import { waitUntil } from './child-processes.js';

/** Queues as BullMQ itself makes them, of each of its major versions. */

export const MAJORS = [1, 3, 4, 5, 6] as const;
export type Major = (typeof MAJORS)[number];

/** What the tests use of a job; the versions differ in their types, and not in these. */
export interface BullJob {
  id?: string;
  name: string;
  data: unknown;
  progress: unknown;
  timestamp: number;
  processedOn?: number;
  finishedOn?: number;
  failedReason?: string;
  attemptsMade: number;
  stacktrace: string[] | null;
  returnvalue: unknown;
  getState(): Promise<string>;
  updateProgress(progress: unknown): Promise<void>;
  remove(): Promise<void>;
}

export interface BullQueue {
  add(name: string, data: unknown, options?: object): Promise<BullJob>;
  getJob(id: string): Promise<BullJob | undefined>;
  getJobs(states: string[]): Promise<BullJob[]>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  isPaused(): Promise<boolean>;
  close(): Promise<void>;
}

interface BullWorker {
  close(force?: boolean): Promise<void>;
}

interface Flow {
  name: string;
  queueName: string;
  data: unknown;
  opts?: object;
  children?: Flow[];
}

interface Bull {
  Queue: new (name: string, options: object) => BullQueue;
  Worker: new (
    name: string,
    processor: (job: BullJob) => Promise<unknown>,
    options: object,
  ) => BullWorker;
  FlowProducer: new (options: object) => {
    add(flow: Flow): Promise<{ job: BullJob }>;
    close(): Promise<void>;
  };
  /** Of version 1 alone: there it makes delayed jobs wait when their time has come. */
  QueueScheduler?: new (name: string, options: object) => { close(): Promise<void> };
}

const LOADED: Readonly<Record<Major, () => Promise<unknown>>> = {
  1: () => import('bullmq1'),
  3: () => import('bullmq3'),
  4: () => import('bullmq4'),
  5: () => import('bullmq5'),
  6: () => import('bullmq'),
};

/** Opens queues and workers of one version; `close` ends what it opened. */
export class BullQueues {
  readonly #bull: Bull;
  readonly #options: { connection: object; prefix: string };
  readonly #open: { close(): Promise<void> }[] = [];
  /** How often a job has been worked on. */
  readonly #tries = new Map<string | undefined, number>();
  #release: () => void = () => undefined;
  /** Until then jobs called `hold` stay active. */
  readonly #released = new Promise<void>((resolve) => (this.#release = resolve));

  private constructor(bull: Bull, url: string, prefix: string) {
    const { hostname, port } = new URL(url);
    this.#bull = bull;
    // Workers insist on null.
    const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
    this.#options = { connection, prefix };
  }

  static async load(major: Major, url: string, prefix = 'bull'): Promise<BullQueues> {
    return new BullQueues((await LOADED[major]()) as Bull, url, prefix);
  }

  queue(name: string): BullQueue {
    return this.#opened(new this.#bull.Queue(name, this.#options));
  }

  /**
   * A worker that does what jobs are called: `hold` reports the progress in its data and stays active
   * until the end, `boom` fails, and everything else returns `{ path }`.
   */
  work(name: string, concurrency: number): void {
    const { QueueScheduler, Worker } = this.#bull;
    if (QueueScheduler !== undefined) this.#opened(new QueueScheduler(name, this.#options));
    const worker = new Worker(name, (job) => this.#process(job), { ...this.#options, concurrency });
    this.#opened({
      close: async () => {
        const closed = worker.close();
        // Only now: it must not take the next job.
        this.#release();
        await closed;
      },
    });
  }

  /** The parent of the flow. */
  async addFlow(flow: Flow): Promise<BullJob> {
    const producer = this.#opened(new this.#bull.FlowProducer(this.#options));
    return (await producer.add(flow)).job;
  }

  /** Jobs that are held end as completed. */
  async close(): Promise<void> {
    for (const one of this.#open.splice(0).reverse()) await one.close();
  }

  async #process(job: BullJob): Promise<unknown> {
    const { progress } = job.data as { progress?: unknown };
    if (progress !== undefined) await job.updateProgress(progress);
    const tries = (this.#tries.get(job.id) ?? 0) + 1;
    this.#tries.set(job.id, tries);
    if (job.name === 'boom') throw new Error(`boom ${tries}`);
    if (job.name === 'hold') await this.#released;
    return { path: `outputs/${job.id}/video.mp4` };
  }

  #opened<T extends { close(): Promise<void> }>(one: T): T {
    this.#open.push(one);
    return one;
  }
}

/** The data of a job, as the backend adds it. */
export function jobData(userId: string, more: object = {}): object {
  return {
    type: 'manga',
    files: ['originals/1.png', 'originals/2.png'],
    options: { fps: 24 },
    user_id: userId,
    uploaded_at: '2026-11-24T12:00:00.000Z',
    scan_status: 'clean',
    ...more,
  };
}

const HOUR_MS = 3_600_000;
const AS_THE_BACKEND = { removeOnComplete: true, removeOnFail: false };

/** The ids of the jobs that `fillQueue` adds. */
export interface FilledQueue {
  removed: string;
  completed: string;
  failed: string;
  retrying: string;
  active: string;
  activeInSteps: string;
  waiting: string;
  named: string;
  urgent: string;
  delayed: string;
  parent: string;
}

/** A job in every state, while a worker holds two of them; jobs of alice, and `waiting` of bob. */
export async function fillQueue(bull: BullQueues, name: string): Promise<FilledQueue> {
  const queue = bull.queue(name);
  const add = async (job: string, options: object = {}, data = jobData('alice')) => {
    const { id = '' } = await queue.add(job, data, { ...AS_THE_BACKEND, ...options });
    return id;
  };
  bull.work(name, 2);
  const removed = await add('render');
  const completed = await add('render', { removeOnComplete: false });
  const failed = await add('boom', { attempts: 3 });
  const retrying = await add('boom', { attempts: 2, backoff: { type: 'fixed', delay: HOUR_MS } });
  await reached(queue, { [removed]: 'unknown', [completed]: 'completed', [failed]: 'failed' });
  await reached(queue, { [retrying]: 'delayed' });
  const active = await add('hold', {}, jobData('alice', { progress: 45 }));
  const steps = { percent: 30, step: 'render' };
  const activeInSteps = await add('hold', {}, jobData('alice', { progress: steps }));
  await reached(queue, { [active]: 'active', [activeInSteps]: 'active' });
  const waiting = await add('render', {}, jobData('bob'));
  const named = await add('render', { jobId: 'chapter-[1-9]*?' });
  const urgent = await add('render', { priority: 3 });
  const delayed = await add('render', { delay: HOUR_MS });
  const child = { name: 'page', queueName: name, data: jobData('bob'), opts: { delay: HOUR_MS } };
  const flow = { name: 'book', queueName: name, data: jobData('alice'), children: [child] };
  const { id: parent = '' } = await bull.addFlow(flow);
  return {
    ...{ removed, completed, failed, retrying, active, activeInSteps },
    ...{ waiting, named, urgent, delayed, parent },
  };
}

async function reached(queue: BullQueue, states: Record<string, string>): Promise<void> {
  for (const [id, state] of Object.entries(states)) {
    const stateOf = async () => (await (await queue.getJob(id))?.getState()) ?? 'unknown';
    await waitUntil(`job ${id}`, [], async () => (await stateOf()) === state, 20_000);
  }
}
