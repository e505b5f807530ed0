import type { Environment } from './environment.js';
import { secretsOfProxy } from './proxy.js';
import { REDACTED } from './secret.js';
import { PROXY_VARIABLES, SECRET_VARIABLES } from './variables.js';

/** Shorter ones would blot out parts of ordinary words; no server accepts such a secret. */
const MIN_SECRET_LENGTH = 4;

/**
 * The text without the given secrets (as they are, and as URLs encode them), and without what looks
 * like one wherever it comes from: passwords in URLs, signatures of presigned URLs, Authorization
 * headers.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let result = text;
  // The longest first, so that of a secret that begins with another one no rest is left.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    for (const form of new Set([secret, encodeURIComponent(secret.toWellFormed())])) {
      result = result.replaceAll(form, REDACTED);
    }
  }
  return result
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):[^\s/?#]*@/gi, `$1:${REDACTED}@`)
    .replace(/(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&"'<>]+/gi, `$1${REDACTED}`)
    .replace(/(authorization["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, `$1${REDACTED}`);
}

/** What of an environment must not be shown. */
export function secretsOf(environment: Environment): string[] {
  return [
    ...SECRET_VARIABLES.flatMap((name) => environment[name] ?? []),
    ...PROXY_VARIABLES.flatMap((name) => secretsOfProxy(environment[name])),
  ];
}
