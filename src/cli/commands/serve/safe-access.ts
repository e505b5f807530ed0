import { MangamotionError } from '../../../errors.js';
import { isLoopback } from '../../../serve/access/hosts.js';

/** What `serve` is started with, as far as it decides who may see what. */
export interface AccessSettings {
  auth: 'none' | 'token';
  /** `undefined`: every address of this machine. */
  listenHost: string | undefined;
  hasProxies: boolean;
  jwtSecret: string | undefined;
  adminToken: string | undefined;
}

const LEAST_SECRET_BYTES = 32;
/** Secrets of examples and of development: everybody knows them. */
const PLACEHOLDER =
  /change[-_ ]?(?:me|this|it|in)|your[-_ ]|placeholder|example|dev(?:elopment)?[-_ ]|secret[-_ ]?key/i;

/** Throws `usage` or `configuration` where strangers could see something. */
export function expectSafeAccess(settings: AccessSettings): void {
  const { auth, listenHost, hasProxies, jwtSecret, adminToken } = settings;
  expectSecret('JWT_SECRET', jwtSecret);
  expectSecret('SERVE_ADMIN_TOKEN', adminToken);
  if (auth === 'token' && jwtSecret === undefined && adminToken === undefined) {
    throw new MangamotionError('configuration', '--auth token needs a secret to check tokens', {
      hint: 'set JWT_SECRET (as in the backend), SERVE_ADMIN_TOKEN, or both',
    });
  }
  if (auth === 'none' && !hasProxies && !isOnlyLoopback(listenHost)) {
    const where = listenHost ?? 'any address of this machine';
    const message = `anyone who reaches ${where} could see everything: --listen needs --auth token`;
    throw new MangamotionError('usage', message, {
      hint: 'choose --auth token, name the proxy that logs people in with --behind-proxy, or listen on 127.0.0.1',
    });
  }
}

function isOnlyLoopback(host: string | undefined): boolean {
  return host !== undefined && (host === 'localhost' || isLoopback(host));
}

function expectSecret(name: string, secret: string | undefined): void {
  if (secret === undefined) return;
  const problem =
    Buffer.byteLength(secret) < LEAST_SECRET_BYTES
      ? `has fewer than ${LEAST_SECRET_BYTES} bytes`
      : PLACEHOLDER.test(secret)
        ? 'is a placeholder that everybody knows'
        : undefined;
  if (problem === undefined) return;
  throw new MangamotionError('configuration', `${name} ${problem}`, {
    hint: 'make one with `openssl rand -base64 48`; the backend has to use the same JWT_SECRET',
  });
}
