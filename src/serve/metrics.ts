import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { addProcessMetrics } from '../schedule/notify/process-metrics.js';
import { QUEUE_STATES, type QueueState } from '../jobs/job.js';
import { statusOf } from '../jobs/queue/layout.js';
import { unavailableServer } from './failure.js';
import type { AnsweredRequest, RequestCounts } from './log.js';

const PREFIX = 'mangamotion_serve_';
const METHODS = new Set(['GET', 'HEAD', 'POST']);
/** The label of paths without a route and of unusual methods: clients choose those, without end. */
const OTHER = 'other';
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What the metrics ask for when they are read. Each is absent if nobody can tell it. */
export interface MetricSources {
  /** The clients that wait for events. */
  eventClients?: () => number;
  /** The jobs in the queue by state. Rejects while Redis is away; the metric is then absent. */
  jobsByState?: () => Promise<ReadonlyMap<QueueState, number>>;
}

/** The metrics of `serve` for Prometheus. */
export class ServeMetrics implements RequestCounts {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: `${PREFIX}requests_total`,
    help: 'Requests that were answered, by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: `${PREFIX}request_duration_seconds`,
    help: 'The time until the headers of the answer were ready, by route.',
    labelNames: ['route'] as const,
    buckets: BUCKETS_SECONDS,
    registers: [this.#registry],
  });
  readonly #errors = new Counter({
    name: `${PREFIX}server_errors_total`,
    help: 'Requests, and readings for the metrics, that failed because Redis or the object store did not answer, or refused.',
    labelNames: ['server'] as const,
    registers: [this.#registry],
  });
  readonly #cut = new Counter({
    name: `${PREFIX}answers_cut_total`,
    help: 'Answers that were cut in the middle because of a failure, such as a wrong digest.',
    registers: [this.#registry],
  });

  /** It has a registry of its own, which is left out where the jobs cannot be counted. */
  readonly #jobsRegistry = new Registry();
  readonly #jobs = new Gauge({
    name: `${PREFIX}jobs`,
    help: 'Jobs in the queue by status and state; absent while Redis is away.',
    labelNames: ['status', 'state'] as const,
    registers: [this.#jobsRegistry],
  });
  readonly #jobsByState: MetricSources['jobsByState'];

  constructor({ eventClients, jobsByState }: MetricSources = {}) {
    this.#jobsByState = jobsByState;
    // A counter starts at 0, so that the first failure shows as an increase.
    for (const server of ['redis', 'store']) this.#errors.inc({ server }, 0);
    const registers = [this.#registry];
    if (eventClients !== undefined) {
      new Gauge({
        name: `${PREFIX}event_clients`,
        help: 'Clients that wait for events.',
        registers,
        collect() {
          this.set(eventClients());
        },
      });
    }
    addProcessMetrics(this.#registry);
  }

  answered({ method, route = OTHER, status, ms }: AnsweredRequest): void {
    const known = METHODS.has(method) ? method : OTHER;
    this.#requests.inc({ method: known, route, status });
    this.#durations.observe({ route }, ms / 1000);
  }

  /** Counts the error if a server is to blame. */
  failed(error: unknown): void {
    const server = unavailableServer(error);
    if (server !== undefined) this.#errors.inc({ server });
  }

  cutShort(): void {
    this.#cut.inc();
  }

  /** Resolves to the metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    // A failure to count is in the counter of failures of the same answer.
    const hasJobs = await this.#countJobs();
    const texts = [this.#registry, ...(hasJobs ? [this.#jobsRegistry] : [])];
    return (await Promise.all(texts.map((registry) => registry.metrics()))).join('\n');
  }

  async #countJobs(): Promise<boolean> {
    if (this.#jobsByState === undefined) return false;
    try {
      const counts = await this.#jobsByState();
      for (const state of QUEUE_STATES)
        this.#jobs.set({ status: statusOf(state), state }, counts.get(state) ?? 0);
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }
}
