import { hostname } from 'node:os';
import type { ShardEngine } from '../../src/backup/shards/engine.js';
import { openBullEngine } from '../../src/engine/bullmq/bull-engine.js';
import {
  type BullWorker,
  type DoWork,
  startBullWorker,
} from '../../src/engine/bullmq/bull-worker.js';
import { sealedEngine } from '../../src/backup/shards/sealed-engine.js';
import type { RedisTarget } from '../../src/redis/connect.js';
import { RangeSeal } from '../../src/repository/runs/range-seal.js';
import type { Engine } from '../../src/workers/engine.js';
import type { Work } from '../../src/workers/work.js';

const TOOL = 'mangamotion 0.0.0-test';

/** Short ones, so that tests need not wait for the loss of a lock. */
const TEST_TIMES = {
  lockMs: 2_000,
  stalledEveryMs: 500,
  progressEveryMs: 50,
  firstPauseMs: 50,
  longestPauseMs: 100,
  closeMs: 1_000,
  headMs: 3_000,
} as const;

export function targetOf(port: number): RedisTarget {
  return {
    at: { kind: 'server', host: '127.0.0.1', port, useTls: false },
    ...{ username: undefined, password: undefined, db: 0, caPem: undefined },
    ...{ text: `127.0.0.1:${port}`, setting: 'REDIS_URL' },
  };
}

/** Heads and workers of one queue in this process; `close` ends what is left of them. */
export class BullWorld {
  readonly warnings: string[] = [];
  readonly log: { message: string; [field: string]: unknown }[] = [];
  readonly #target: RedisTarget;
  readonly #queue: string;
  readonly #engines: Engine<Work>[] = [];
  readonly #workers: BullWorker[] = [];

  constructor(port: number, queue = 'test') {
    this.#target = targetOf(port);
    this.#queue = queue;
  }

  async open(run: { run: string; token: string }, tool = TOOL): Promise<ShardEngine> {
    return sealedEngine(await this.openEngine(run, tool), new RangeSeal(undefined));
  }

  async openEngine(run: { run: string; token: string }, tool = TOOL): Promise<Engine<Work>> {
    const engine = await openBullEngine({
      ...{ ...run, tool, target: this.#target, queue: this.#queue },
      warn: (line) => this.warnings.push(line),
      commandTimeoutMs: 1_500,
    });
    this.#engines.push(engine);
    return engine;
  }

  /** Starts a worker, which is that of another process where `pid` differs. */
  async start(slots: number, work: DoWork, pid = process.pid): Promise<BullWorker> {
    const write = (fields: object, message: string) => this.log.push({ message, ...fields });
    const worker = await startBullWorker({
      ...{ target: this.#target, queue: this.#queue, slots, host: hostname(), pid },
      ...{ tool: TOOL, work, log: { info: write, warn: write }, times: TEST_TIMES },
    });
    this.#workers.push(worker);
    return worker;
  }

  async work(slots: number, work: DoWork): Promise<void> {
    await this.start(slots, work);
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.splice(0)) await engine.close();
    for (const worker of this.#workers.splice(0)) await worker.end(0);
  }
}
