import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { Visitor } from '../visitor.js';

export interface TokenSecrets {
  /** Signs the access tokens of users (HS256). */
  jwtSecret: string | undefined;
  adminToken: string | undefined;
}

/** Clocks of two machines differ by this much at most. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** The latest time that a Date can hold. */
const LATEST_SECONDS = 8.64e12;
const ALGORITHMS = ['HS256'];

/** Returns who has the token: the administrator, a user, or nobody. `expired`: it was a user's. */
export type TokenCheck = (token: string, now: Date) => Promise<Visitor | 'expired'>;

/**
 * Checks tokens. A user's is a JWT of the backend, with `userId`, `type: "access"` and `exp`: only
 * HS256 is accepted, so neither `alg: none` nor a public key as a secret works. A token that is not yet
 * valid, or was issued in the future, is refused.
 */
export function tokenCheck({ jwtSecret, adminToken }: TokenSecrets): TokenCheck {
  const key = jwtSecret === undefined ? undefined : new TextEncoder().encode(jwtSecret);
  return async (token, now) => {
    if (adminToken !== undefined && isEqual(token, adminToken)) return { kind: 'admin' };
    if (key === undefined) return { kind: 'nobody' };
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ALGORITHMS,
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: now,
      });
      const { userId, type, iat, exp = 0 } = payload;
      const isIssued = iat === undefined || iat <= now.getTime() / 1000 + CLOCK_TOLERANCE_SECONDS;
      if (typeof userId !== 'string' || userId === '' || type !== 'access' || !isIssued)
        return { kind: 'nobody' };
      const expiresAt = new Date(Math.min(exp + CLOCK_TOLERANCE_SECONDS, LATEST_SECONDS) * 1000);
      return { kind: 'user', userId, expiresAt };
    } catch (error) {
      // The signature is checked before the claims.
      if (error instanceof errors.JWTExpired) return 'expired';
      if (error instanceof errors.JOSEError) return { kind: 'nobody' };
      throw error;
    }
  };
}

/** Compares in constant time; digests have equal lengths. */
function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
