import { type MangamotionError, isMangamotionError } from '../../errors.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import type { SentAttributes } from './attributes.js';

/** An attribute that a target may refuse. The object is then restored without it. */
export type Concession = 'encryption' | 'storage class' | 'checksum' | 'tags';

const FIELDS = {
  'storage class': 'storageClass',
  checksum: 'checksums',
  tags: 'tags',
  encryption: 'encryption',
} as const satisfies Record<Concession, keyof SentAttributes>;

const ALL: readonly Concession[] = ['storage class', 'checksum', 'tags', 'encryption'];

/** S3 error codes that show which attribute is refused. */
const REFUSAL_CODES: { pattern: RegExp; concession: Concession }[] = [
  { pattern: /StorageClass/i, concession: 'storage class' },
  { pattern: /KMS|Encryption|SSE/i, concession: 'encryption' },
  { pattern: /Checksum|BadDigest/i, concession: 'checksum' },
  { pattern: /Tag/, concession: 'tags' },
];

/**
 * Returns the sets of attributes to leave out in turn after a refusal: the one that the error code
 * names, or each candidate alone and then all. Empty if the refusal is about something else. Pure.
 */
export function concessionsFor(
  error: MangamotionError,
  attributes: SentAttributes,
  mayConcede: (concession: Concession) => boolean,
): Concession[][] {
  const code = s3CodeOf(error);
  const isAboutThem =
    isMangamotionError(error, 'refused', 'access_denied') || /BadDigest|Checksum|KMS/i.test(code);
  if (!isAboutThem) return [];
  const candidates = ALL.filter((one) => has(attributes, one) && mayConcede(one));
  const named = REFUSAL_CODES.find(({ pattern }) => pattern.test(code))?.concession;
  if (named !== undefined && candidates.includes(named)) return [[named]];
  // Only encryption keys and tags need rights of their own.
  const likely =
    error.code === 'access_denied'
      ? candidates.filter((one) => one === 'encryption' || one === 'tags')
      : candidates;
  const each = likely.map((one) => [one]);
  return likely.length > 1 ? [...each, [...likely]] : each;
}

export function without(
  attributes: SentAttributes,
  concessions: Iterable<Concession>,
): SentAttributes {
  const left = new Set([...concessions].map((one) => FIELDS[one]));
  const kept = Object.entries(attributes).filter(([field]) => !left.has(field as never));
  return Object.fromEntries(kept);
}

function has(attributes: SentAttributes, concession: Concession): boolean {
  const value = attributes[FIELDS[concession]] ?? null;
  return Array.isArray(value) ? value.length > 0 : value !== null;
}

/** The attributes that a bucket has refused. They are not sent again. */
export class Refusals {
  readonly #reasons = new Map<string, string>();

  /** Returns the attributes that are known to be refused, with the reasons. */
  knownOf(attributes: SentAttributes): Map<Concession, string> {
    const known = new Map<Concession, string>();
    for (const one of ALL) {
      const reason = this.#reasons.get(nameOf(one, attributes));
      if (reason !== undefined && has(attributes, one)) known.set(one, reason);
    }
    return known;
  }

  add(concession: Concession, attributes: SentAttributes, reason: string): void {
    this.#reasons.set(nameOf(concession, attributes), reason);
  }
}

/** Names an attribute with its value, such as a storage class; tags are refused as such. */
function nameOf(concession: Concession, attributes: SentAttributes): string {
  if (concession === 'tags') return concession;
  const value = attributes[FIELDS[concession]] ?? null;
  const shown = concession === 'checksum' ? Object.keys(attributes.checksums ?? {}) : value;
  return `${concession} ${JSON.stringify(shown)}`;
}
