import { EventEmitter, once } from 'node:events';
import type { WorkerJob } from '../../workers/work.js';
import type { FromChild, FromParent } from './messages.js';

/** A process without its parent, or that its parent asked to end, ends by itself after so long. */
const ALONE_MS = 10_000;

/** What the process was started by: `parentOf` is asked in different places. */
const parents = new WeakMap<NodeJS.Process, Parent>();

/** Returns the parent of a process that was started to work on a shard; `undefined` if nobody listens. */
export function parentOf(process: NodeJS.Process): Parent | undefined {
  if (process.send === undefined) return undefined;
  const parent = parents.get(process) ?? new Parent(process);
  parents.set(process, parent);
  return parent;
}

/** What a process that works on a shard has of the one that started it. */
export class Parent {
  /** Emits SIGTERM once the parent wants this process to end, or is gone. */
  readonly signals: EventEmitter & { exit: (status: number) => void };
  readonly #process: NodeJS.Process;
  readonly #jobs = new EventEmitter();
  #hasEnded = false;

  constructor(process: NodeJS.Process) {
    this.#process = process;
    this.signals = Object.assign(new EventEmitter(), {
      exit: (status: number) => {
        process.exit(status);
      },
    });
    // They reach all processes of a service that is stopped. The parent decides when this one ends.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
    process.on('message', (message: FromParent) => {
      if (message.kind === 'job') this.#jobs.emit('job', message.job);
      else this.#end();
    });
    process.on('disconnect', () => this.#end());
  }

  /** Resolves to the shard that the parent names once it was told `ready`. */
  async job(signal: AbortSignal): Promise<WorkerJob> {
    const [job] = (await once(this.#jobs, 'job', { signal })) as [WorkerJob];
    return job;
  }

  get #isConnected(): boolean {
    return this.#process.connected;
  }

  send(message: FromChild): void {
    if (this.#isConnected) this.#process.send?.(message, () => undefined);
  }

  /** Tells the parent, and lets this process end. */
  async sendLast(message: FromChild): Promise<void> {
    if (this.#isConnected)
      await new Promise<unknown>((resolve) => this.#process.send?.(message, resolve));
    // The parent may be gone by now.
    if (this.#isConnected) this.#process.disconnect();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    setTimeout(() => this.#process.exit(1), ALONE_MS).unref();
    this.signals.emit('SIGTERM');
  }
}
