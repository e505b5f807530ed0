import * as v from 'valibot';
import { isTooDense } from '../../archive/limits.js';
import { damagedArchive } from '../../archive/errors.js';
import {
  OLDER_VERSIONS,
  type Summary,
  failuresSchema,
  lossesSchema,
  redisNamesSchema,
} from '../summary.js';

/**
 * The summary of an encrypted backup is readable, and names no object and no key of Redis. What
 * does is kept in the sidecar beside the index. Pure.
 */

/** The name of the sealed part in the sidecar. */
export const SEALED_PART = 'index/summary.json';

const sealedPart = v.object({
  failures: failuresSchema,
  losses: lossesSchema,
  notices: v.array(v.string()),
  redis: v.optional(redisNamesSchema),
});

type SealedPart = v.InferOutput<typeof sealedPart>;

/** Divides a summary into what anybody may read, and the bytes of the rest. */
export function splitSummary(summary: Summary): { open: Summary; sealed: Buffer } {
  const { failures, fidelity, notices, redis } = summary;
  const part: SealedPart = {
    failures,
    losses: fidelity.losses,
    notices,
    ...(redis === undefined ? {} : { redis: { losses: redis.losses, failures: redis.failures } }),
  };
  const open: Summary = {
    ...summary,
    failures: [],
    failures_omitted: summary.failures_omitted + failures.length,
    notices: [],
    fidelity: { ...fidelity, losses: fidelity.losses.map(withoutNames) },
    ...(redis === undefined ? {} : { redis: withoutKeys(redis) }),
  };
  return { open, sealed: Buffer.from(`${JSON.stringify(part)}\n`) };
}

type Losses = Summary['fidelity']['losses'];

function withoutNames(loss: Losses[number]): Losses[number] {
  if (loss.what === OLDER_VERSIONS) return loss;
  return { ...loss, keys: [], reason: 'named in the sidecar' };
}

function withoutKeys(redis: NonNullable<Summary['redis']>): NonNullable<Summary['redis']> {
  return {
    ...redis,
    losses: redis.losses.map((loss) => ({ ...loss, keys: [] })),
    failures: [],
    failures_omitted: redis.failures_omitted + redis.failures.length,
  };
}

/** Puts a summary together again. Throws `damaged` if the part is not one of ours. */
export function joinSummary(open: Summary, sealed: Buffer): Summary {
  const part = parsePart(sealed);
  const { redis } = open;
  return {
    ...open,
    failures: part.failures,
    failures_omitted: Math.max(0, open.failures_omitted - part.failures.length),
    // What was found after the sidecar was closed stands in the open part: files that are not locked.
    notices: [...part.notices, ...open.notices],
    fidelity: { ...open.fidelity, losses: part.losses },
    ...(redis === undefined || part.redis === undefined
      ? {}
      : {
          redis: {
            ...redis,
            ...part.redis,
            failures_omitted: Math.max(0, redis.failures_omitted - part.redis.failures.length),
          },
        }),
  };
}

function parsePart(sealed: Buffer): SealedPart {
  try {
    if (isTooDense(sealed)) throw new SyntaxError('it has more values than its length can hold');
    return v.parse(sealedPart, JSON.parse(sealed.toString('utf8')));
  } catch (error) {
    throw damagedArchive(`the sealed part of the summary cannot be read: ${String(error)}`, error);
  }
}
