import { type MangamotionError, isMangamotionError } from '../../errors.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import type { SentAttributes } from './attributes.js';

/** What an object can do without where a target refuses it: it is restored, and the loss is named. */
export type Concession = 'encryption' | 'storage class' | 'checksum' | 'tags';

const FIELDS = {
  'storage class': 'storageClass',
  checksum: 'checksums',
  tags: 'tags',
  encryption: 'encryption',
} as const satisfies Record<Concession, keyof SentAttributes>;

const ALL: readonly Concession[] = ['storage class', 'checksum', 'tags', 'encryption'];

/** Codes that leave no doubt about what is refused. */
const TELLING: { pattern: RegExp; concession: Concession }[] = [
  { pattern: /StorageClass/i, concession: 'storage class' },
  { pattern: /KMS|Encryption|SSE/i, concession: 'encryption' },
  { pattern: /Checksum|BadDigest/i, concession: 'checksum' },
  { pattern: /Tag/, concession: 'tags' },
];

/**
 * What to leave out, one after the other, where a target has refused an object with these
 * attributes: what its code tells of; or each alone, then all together. Empty where the refusal is
 * about something else. Pure.
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
  const asked = ALL.filter((one) => has(attributes, one) && mayConcede(one));
  const told = TELLING.find(({ pattern }) => pattern.test(code))?.concession;
  if (told !== undefined && asked.includes(told)) return [[told]];
  // Rights of their own are those to use a key and to set tags.
  const likely =
    error.code === 'access_denied'
      ? asked.filter((one) => one === 'encryption' || one === 'tags')
      : asked;
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

/** What a bucket has refused: it is not asked for again. */
export class Refusals {
  readonly #reasons = new Map<string, string>();

  /** Those of the attributes that are known to be refused, with the reasons. */
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

/** One storage class may be refused and another taken; so may one key. Tags are taken or not. */
function nameOf(concession: Concession, attributes: SentAttributes): string {
  if (concession === 'tags') return concession;
  const value = attributes[FIELDS[concession]] ?? null;
  const told = concession === 'checksum' ? Object.keys(attributes.checksums ?? {}) : value;
  return `${concession} ${JSON.stringify(told)}`;
}
