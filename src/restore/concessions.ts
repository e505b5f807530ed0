import { type MangamotionError, isMangamotionError } from '../errors.js';
import { s3CodeOf } from '../object-store/store-errors.js';
import type { SentAttributes } from './attributes.js';

/** What an object can do without where a target refuses it: it is restored, and the loss is named. */
export type Concession = 'encryption' | 'storage class' | 'checksum';

const FIELDS = {
  'storage class': 'storageClass',
  checksum: 'checksums',
  encryption: 'encryption',
} as const satisfies Record<Concession, keyof SentAttributes>;

const ALL: readonly Concession[] = ['storage class', 'checksum', 'encryption'];

/** Codes that leave no doubt about what is refused. */
const TELLING: { pattern: RegExp; concession: Concession }[] = [
  { pattern: /StorageClass/i, concession: 'storage class' },
  { pattern: /KMS|Encryption|SSE/i, concession: 'encryption' },
  { pattern: /Checksum|BadDigest/i, concession: 'checksum' },
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
  const asked = ALL.filter((one) => attributes[FIELDS[one]] !== undefined && mayConcede(one));
  const told = TELLING.find(({ pattern }) => pattern.test(code))?.concession;
  if (told !== undefined && asked.includes(told)) return [[told]];
  // A right that is missing is that to use the key, or to write at all; the rest needs none.
  const likely =
    error.code === 'access_denied' ? asked.filter((one) => one === 'encryption') : asked;
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

/** What a bucket has refused: it is not asked for again. */
export class Refusals {
  readonly #reasons = new Map<string, string>();

  /** Those of the attributes that are known to be refused, with the reasons. */
  knownOf(attributes: SentAttributes): Map<Concession, string> {
    const known = new Map<Concession, string>();
    for (const one of ALL) {
      const reason = this.#reasons.get(nameOf(one, attributes));
      if (reason !== undefined && attributes[FIELDS[one]] !== undefined) known.set(one, reason);
    }
    return known;
  }

  add(concession: Concession, attributes: SentAttributes, reason: string): void {
    this.#reasons.set(nameOf(concession, attributes), reason);
  }
}

/** One storage class may be refused and another taken; so may one key. */
function nameOf(concession: Concession, attributes: SentAttributes): string {
  return `${concession} ${JSON.stringify(
    concession === 'checksum'
      ? Object.keys(attributes.checksums ?? {})
      : (attributes[FIELDS[concession]] ?? null),
  )}`;
}
