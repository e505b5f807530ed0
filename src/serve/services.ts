import type { Pricing } from '../billing/pricing.js';
import type { RedisReader } from '../redis/reader.js';
import type { Destinations } from './destinations.js';
import type { ScheduleService } from './schedule-service.js';

/** What routes read from. All of it is opened once, and connects again after an outage. */
export interface Services {
  redis: RedisReader;
  pricing: Pricing;
  /** Days for which daily counters are kept. */
  retentionDays: number;
  now: () => Date;
  version: string;
  destinations: Destinations;
  /** `undefined` if none was named at the start. */
  schedule: ScheduleService | undefined;
  /** Logs a failure that cut an answer after it had begun. */
  cutShort: (error: unknown) => void;
  /**
   * Rejects where the server does not answer, and with `Unhealthy` for another reason; `undefined`: it is
   * not configured.
   */
  health: Readonly<Record<string, (() => Promise<void>) | undefined>>;
}
