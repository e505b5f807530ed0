import type { ConfigRequest } from '../config/load.js';
import { billingChecks } from './billing/billing-checks.js';
import { type BillingFacts, billingGatherers } from './billing/facts.js';
import type { Check } from './check.js';
import type { Gatherers } from './facts.js';
import { type NodeFacts, type NodeParts, nodeGatherers } from './node/facts.js';
import { nodeChecks } from './node/node-checks.js';
import { type QueueFacts, queueGatherers } from './queue/facts.js';
import { queueChecks } from './queue/queue-checks.js';
import { type RedisParts, redisGatherers } from './redis/facts.js';
import { rightsChecks } from './redis/rights-checks.js';
import { serverChecks } from './redis/server-checks.js';
import { type ScheduleFacts, type ScheduleParts, scheduleGatherers } from './schedule/facts.js';
import { scheduleChecks } from './schedule/schedule-checks.js';
import { settingsGatherers } from './settings/facts.js';
import { settingsChecks } from './settings/settings-checks.js';
import { type StoreFacts, type StoreParts, storeGatherers } from './store/facts.js';
import { storeChecks } from './store/store-checks.js';

/** All that is known of this host and its servers, without the destinations. */
export interface HostFacts extends QueueFacts, BillingFacts, StoreFacts, NodeFacts, ScheduleFacts {}

export interface HostParts extends NodeParts, RedisParts, StoreParts, ScheduleParts {
  configRequest: ConfigRequest;
}

/** Every check but those of a destination, in the order in which they are shown. */
export const hostChecks: readonly Check<HostFacts>[] = [
  ...settingsChecks,
  ...nodeChecks,
  ...serverChecks,
  ...rightsChecks,
  ...queueChecks,
  ...billingChecks,
  ...storeChecks,
];

/** Those that are shown below the destinations. */
export const laterChecks: readonly Check<HostFacts>[] = scheduleChecks;

export function hostGatherers(parts: HostParts): Gatherers<HostFacts> {
  const gatherers = {
    ...settingsGatherers(parts.configRequest),
    ...nodeGatherers(parts),
    ...redisGatherers(parts),
    ...queueGatherers(parts.queue),
    ...billingGatherers(parts.now),
    ...storeGatherers(parts),
    ...scheduleGatherers(parts),
  } satisfies Record<keyof HostFacts, unknown>;
  // Each reads facts of its own topic and of those before it, which are all among these.
  return gatherers as unknown as Gatherers<HostFacts>;
}
