import type { WorkerState } from '../../../engine/bullmq/bull-worker.js';
import type { Health, ProbeSource } from '../../../schedule/notify/endpoint.js';

/** Decides the answers to /healthz, /readyz and /metrics of a worker. */
export class WorkerProbes implements ProbeSource {
  readonly #state: () => WorkerState;

  constructor(state: () => WorkerState) {
    this.#state = state;
  }

  /** A worker without Redis still works, and waits for it: to start it again would help nobody. */
  health(): Health {
    return { ok: true };
  }

  ready(): Health {
    const { isConnected, isEnding } = this.#state();
    if (isEnding) return { ok: false, reason: 'the worker ends' };
    return isConnected ? { ok: true } : { ok: false, reason: 'Redis is away' };
  }

  metrics(): Promise<string> {
    const { running, done, failed, givenBack, isConnected } = this.#state();
    return Promise.resolve(
      [
        ...gauge('shards_running', 'Shards that are worked on just now.', running),
        ...gauge('redis_up', 'Whether Redis is connected.', Number(isConnected)),
        ...counter('shards_done_total', 'Shards that are done.', done),
        ...counter('shards_failed_total', 'Shards that failed.', failed),
        ...counter('shards_given_back_total', 'Shards that were given back.', givenBack),
        '',
      ].join('\n'),
    );
  }
}

const gauge = (name: string, help: string, value: number) => metric(name, 'gauge', help, value);
const counter = (name: string, help: string, value: number) => metric(name, 'counter', help, value);

function metric(name: string, type: string, help: string, value: number): string[] {
  const full = `mangamotion_worker_${name}`;
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, `${full} ${value}`];
}
