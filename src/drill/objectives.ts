/** The objectives of each scenario. Pure. */

export const SCENARIOS = ['object', 'bucket', 'store', 'offsite', 'redis', 'ransom'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Objectives {
  /** The longest time to recover, and the largest age of the data lost, in seconds. */
  rtoSeconds: number;
  rpoSeconds: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

export const OBJECTIVES: Readonly<Record<Scenario, Objectives>> = {
  object: { rtoSeconds: HOUR, rpoSeconds: HOUR },
  bucket: { rtoSeconds: 4 * HOUR, rpoSeconds: DAY },
  store: { rtoSeconds: 2 * HOUR, rpoSeconds: HOUR },
  offsite: { rtoSeconds: 24 * HOUR, rpoSeconds: DAY },
  redis: { rtoSeconds: HOUR, rpoSeconds: HOUR },
  ransom: { rtoSeconds: 24 * HOUR, rpoSeconds: DAY },
};
