import type { Pricing } from '../billing/pricing.js';
import type { Config } from '../config/load.js';
import type { ObjectStore } from '../object-store/port.js';
import type { RedisReader } from '../redis/reader.js';
import type { ChosenQueues } from '../reports/jobs/access.js';
import type { JobFeed } from './jobs/feed.js';
import type { Destinations } from './destinations.js';
import type { EvictionWatch } from './eviction-watch.js';
import type { ScheduleService } from './schedule-service.js';

/** What routes read from. All of it is opened once, and connects again after an outage. */
export interface Services {
  redis: RedisReader;
  config: Config;
  /** The store of the jobs' files; only where its credentials are configured. */
  openStore: () => Promise<ObjectStore>;
  queues: ChosenQueues;
  /** Tells all clients what changes in the queue. */
  jobFeed: JobFeed;
  pricing: Pricing;
  /** Days for which daily counters are kept. */
  retentionDays: number;
  now: () => Date;
  version: string;
  /** How people log in, for the page to say. */
  auth: 'none' | 'token' | 'proxy';
  destinations: Destinations;
  /** The folder with the records of this host's drills. */
  drillFolder: string;
  /** `undefined` if none was named at the start. */
  schedule: ScheduleService | undefined;
  /** Logs a failure that cut an answer after it had begun. */
  cutShort: (error: unknown) => void;
  /** Knows whether counters may be missing. */
  eviction: EvictionWatch;
  /** The checks of health by name; `undefined` for a server that is not configured. */
  health: Readonly<Record<string, HealthProbe | undefined>>;
}

/**
 * Resolves to a warning where something works and may not stay so. Rejects where the server does not
 * answer, and with `Unhealthy` for another reason.
 */
export type HealthProbe = () => Promise<string | undefined>;
