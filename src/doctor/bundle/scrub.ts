import type { CheckedSettings } from '../../config/inspect.js';
import { redact } from '../../config/redact.js';

/** Makes a text or a document fit for a stranger: no secret is left in it. */
export interface Scrub {
  text(text: string): string;
  /** A document with each text in it scrubbed, before JSON escapes a part of a secret. */
  document(value: unknown): unknown;
}

/** A part of a URL that is shorter is a word, not a key. */
const LEAST_KEY_LENGTH = 12;

export function scrubOf(secrets: CheckedSettings['secrets']): Scrub {
  const all = [...new Set(secrets.flatMap(formsOf))];
  const text = (of: string): string => redact(of, all);
  const document = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(document);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, its]) => [text(name), document(its)]),
    );
  };
  return { text, document };
}

/** A secret as logs may show it: as it is, in JSON, in Base64, and of a URL its keys alone. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
  if (!/^[a-z][a-z0-9+.-]*:/i.test(secret)) return forms;
  const [, login = ''] = /\/\/([^/@]*)@/.exec(secret) ?? [];
  const password = login.slice(login.indexOf(':') + 1);
  const keys = secret.split(/[/?&=:@{}]+/).filter((part) => part.length >= LEAST_KEY_LENGTH);
  return [...forms, ...(login.includes(':') ? [password, decoded(password)] : []), ...keys];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
