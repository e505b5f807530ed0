import type { Pricing } from '../billing/pricing.js';
import type { RedisReader } from '../redis/reader.js';

/** What routes read from. All of it is opened once, and connects again after an outage. */
export interface Services {
  redis: RedisReader;
  pricing: Pricing;
  /** Days for which daily counters are kept. */
  retentionDays: number;
  now: () => Date;
  version: string;
  /** How people log in, for the page to say. */
  auth: 'none' | 'token' | 'proxy';
  /** Rejects where the server does not answer; `undefined`: it is not configured. */
  health: Readonly<Record<string, (() => Promise<void>) | undefined>>;
}
