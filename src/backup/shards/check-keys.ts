import { MangamotionError } from '../../errors.js';
import { type Vault, hostRecipientOf } from '../../repository/encryption/vault.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';

/**
 * Rejects with `refused` if this host would write parts for other readers than the plan names, or without
 * encryption. No part of a run may be readable for more people than the run is.
 */
export async function checkKeys(vault: Vault, plan: PlannedKeys): Promise<void> {
  const why = await whyNotKeysOf(vault, plan);
  if (why !== undefined) throw why;
}

type PlannedKeys = Pick<RunPlan, 'recipients' | 'host_recipient'>;

/** Resolves to why this host has not the keys of the run; `undefined` if it has. */
export async function whyNotKeysOf(
  vault: Vault,
  { recipients: planned, host_recipient: plannedHost }: PlannedKeys,
): Promise<MangamotionError | undefined> {
  const own = new Set(vault.recipients);
  if (own.size !== new Set(planned).size || planned.some((one) => !own.has(one))) {
    return refused(
      'the recipients of this host are not those of the run',
      'Give all workers and the head the same recipients (--recipient).',
    );
  }
  const host = planned.length === 0 ? null : ((await hostRecipientOf(vault)) ?? null);
  if (host === plannedHost) return undefined;
  return refused(
    'the host key of this host is not that of the run',
    'The workers of an encrypted run share one host key: copy the file that "mangamotion key new --host" made.',
  );
}

function refused(message: string, hint: string): MangamotionError {
  return new MangamotionError('refused', message, { hint });
}
