import { isUtf8 } from 'node:buffer';
import { badRequest, RequestFailure, unauthorized } from '../failure.js';
import type { Visitor } from '../visitor.js';
import type { Proxies } from './client.js';
import type { FailedLogins } from './failed-logins.js';
import type { TokenCheck } from './tokens.js';

export interface AccessRules {
  /** `none`: only loopback is listened on, or proxies log people in. */
  auth: 'none' | 'token';
  proxies: Proxies;
  tokens: TokenCheck;
  failedLogins: FailedLogins;
  now: () => Date;
}

/** What is known of a request before its visitor is. */
export interface Credentials {
  /** The address of the other end of the connection. */
  remoteAddress: string;
  /** The client's, behind proxies. */
  clientAddress: string;
  authorization: string | undefined;
  cookieToken: string | undefined;
  userIdHeader: string | undefined;
}

/**
 * Returns the visitor. Throws 401 for credentials that are wrong, also where none are needed, and 429
 * after too many of them.
 */
export async function identify(rules: AccessRules, request: Credentials): Promise<Visitor> {
  const { auth, proxies } = rules;
  const token = tokenOf(request);
  if (token !== undefined) return await checkToken(rules, token, request.clientAddress);
  // Where people have tokens, a proxy that passes on what a client says of itself lets nobody in.
  if (auth === 'token') return { kind: 'nobody' };
  if (proxies.isNamed) {
    const userId = headerText(request.userIdHeader);
    if (!proxies.includes(request.remoteAddress) || userId === '') return { kind: 'nobody' };
    return { kind: 'user', userId };
  }
  const userId = headerText(request.userIdHeader);
  return { kind: 'admin', chosenUser: userId === '' ? undefined : userId };
}

/** Node.js reads each byte of a header as a character. Throws 400 for what is not UTF-8. */
function headerText(header = ''): string {
  const bytes = Buffer.from(header, 'latin1');
  if (!isUtf8(bytes)) throw badRequest('X-User-ID is not UTF-8');
  return bytes.toString('utf8');
}

/** Returns who has the token. Throws 401 if nobody has it, and 429 after too many attempts. */
export async function checkToken(
  { tokens, failedLogins, now }: AccessRules,
  token: string,
  address: string,
): Promise<Visitor> {
  expectFewFailures(failedLogins, address);
  const visitor = await tokens(token, now());
  // Other attempts may have failed meanwhile: many at once are not more than one after the other.
  expectFewFailures(failedLogins, address);
  // A page that is open for long repeats its token; that is no attempt to guess one.
  if (visitor === 'expired') throw unauthorized('the credentials have expired');
  if (visitor.kind !== 'nobody') return visitor;
  failedLogins.count(address);
  throw unauthorized('the credentials are not valid');
}

function expectFewFailures(failedLogins: FailedLogins, address: string): void {
  const waitSeconds = failedLogins.waitSeconds(address);
  if (waitSeconds === 0) return;
  throw new RequestFailure(429, `too many failed logins: wait ${waitSeconds} s`, {
    code: 'too_many_requests',
    headers: { 'retry-after': String(waitSeconds) },
  });
}

/** The header counts more than the cookie. Other schemes are those of a proxy in front. */
function tokenOf({ authorization, cookieToken }: Credentials): string | undefined {
  if (authorization === undefined || !/^Bearer\b/i.test(authorization)) return cookieToken;
  return authorization.slice('Bearer'.length).trim();
}
