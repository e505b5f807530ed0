import { hash } from 'node:crypto';
import { KEY_TYPES, type KeyType, type RedisText } from './value.js';

/**
 * Which keys were read, and a hash of what each held: 17 bytes a key, with room to grow. Two keys are
 * taken for one with a chance of about 1 in 10^19 a pair.
 */

const FIRST_SLOTS = 1 << 12;
/** The bits of a mark: met again, has a hash of its value, then three for the type and three for the size. */
const SEEN = 1;
const SMALL = 2;
const TYPE_SHIFT = 2;
const SIZE_SHIFT = 5;
/** What a size is rounded up to. */
const SIZES = [256, 1024, 4096, 16_384, 65_536, 262_144, 524_288, 1_048_576];

export class KeyHashes {
  /** The hash of the key in two words (0, 0: a free slot), then that of the value. */
  #words = new Uint32Array(4 * FIRST_SLOTS);
  #marks = new Uint8Array(FIRST_SLOTS);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Returns false where the key is there already. `whole`: absent for a key that is too large for it. */
  add(key: RedisText, whole: { value: string; type: KeyType; bytes: number } | undefined): boolean {
    if (4 * (this.#count + 1) > 3 * this.#marks.length) this.#grow();
    const [high, low] = hashOf(key);
    const slot = this.#find(high, low);
    if (this.#isTaken(slot)) return false;
    this.#words[4 * slot] = high;
    this.#words[4 * slot + 1] = low;
    if (whole !== undefined) {
      const [valueHigh, valueLow] = hashOf(whole.value);
      this.#words[4 * slot + 2] = valueHigh;
      this.#words[4 * slot + 3] = valueLow;
      const size = SIZES.findIndex((most) => whole.bytes <= most);
      const sizeMark = size === -1 ? SIZES.length - 1 : size;
      this.#marks[slot] =
        SMALL | (KEY_TYPES.indexOf(whole.type) << TYPE_SHIFT) | (sizeMark << SIZE_SHIFT);
    }
    this.#count += 1;
    return true;
  }

  has(key: RedisText): boolean {
    return this.find(key) !== undefined;
  }

  /** What was added for the key, the size rounded up. */
  find(key: RedisText): { type: KeyType; bytes: number } | 'large' | undefined {
    const [high, low] = hashOf(key);
    const slot = this.#find(high, low);
    if (!this.#isTaken(slot)) return undefined;
    const marks = this.#marks[slot] ?? 0;
    const type = KEY_TYPES[(marks >> TYPE_SHIFT) & 7];
    if ((marks & SMALL) === 0 || type === undefined) return 'large';
    return { type, bytes: SIZES[marks >> SIZE_SHIFT] ?? 0 };
  }

  /**
   * Marks the key as met again. Returns whether it holds what it did, as far as that is known; true
   * where it was met before.
   */
  meet(key: RedisText, value: string | undefined): boolean {
    const [high, low] = hashOf(key);
    const slot = this.#find(high, low);
    const marks = this.#marks[slot] ?? 0;
    if ((marks & SEEN) !== 0 || !this.#isTaken(slot)) return true;
    this.#marks[slot] = marks | SEEN;
    if ((marks & SMALL) === 0) return true;
    if (value === undefined) return false;
    const [valueHigh, valueLow] = hashOf(value);
    return this.#words[4 * slot + 2] === valueHigh && this.#words[4 * slot + 3] === valueLow;
  }

  /** How many keys have not been met. */
  unmet(): number {
    let met = 0;
    for (const marks of this.#marks) met += marks & SEEN;
    return this.#count - met;
  }

  /** The slot of the key, or the free one where it would be. */
  #find(high: number, low: number): number {
    const last = this.#marks.length - 1;
    let slot = low & last;
    while (
      this.#isTaken(slot) &&
      (this.#words[4 * slot] !== high || this.#words[4 * slot + 1] !== low)
    ) {
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #isTaken(slot: number): boolean {
    return this.#words[4 * slot] !== 0 || this.#words[4 * slot + 1] !== 0;
  }

  #grow(): void {
    const [words, marks] = [this.#words, this.#marks];
    this.#words = new Uint32Array(2 * words.length);
    this.#marks = new Uint8Array(2 * marks.length);
    for (let from = 0; from < marks.length; from++) {
      const [high = 0, low = 0] = words.subarray(4 * from, 4 * from + 2);
      if (high === 0 && low === 0) continue;
      const slot = this.#find(high, low);
      this.#words.set(words.subarray(4 * from, 4 * from + 4), 4 * slot);
      this.#marks[slot] = marks[from] ?? 0;
    }
  }
}

/** 64 bits in two words, never both 0. */
function hashOf(text: RedisText): [number, number] {
  // The digest as a text is made in a fraction of the time of a Buffer.
  const digest = hash('sha1', text, 'binary');
  const high = wordAt(digest, 0);
  const low = wordAt(digest, 4);
  return high === 0 && low === 0 ? [0, 1] : [high, low];
}

function wordAt(digest: string, at: number): number {
  return (
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0
  );
}
