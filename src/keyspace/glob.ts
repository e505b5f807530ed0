/**
 * Patterns as Redis matches them (SCAN's MATCH), over bytes. Pure. The source of the rules is
 * `stringmatchlen` of Redis.
 */

const [STAR, QUESTION, OPEN, CLOSE, CARET, BACKSLASH, DASH] = [
  0x2a, 0x3f, 0x5b, 0x5d, 0x5e, 0x5c, 0x2d,
];

export type Glob = (key: string | Buffer) => boolean;

/** Returns whether a key matches at least one of the patterns. */
export function globOf(patterns: readonly string[]): Glob {
  const compiled = patterns.map((pattern) => partsOf(Buffer.from(pattern)));
  return (key) => {
    const bytes = typeof key === 'string' ? Buffer.from(key) : key;
    return compiled.some((parts) => matches(parts, bytes));
  };
}

/** A star, or which bytes a part takes. */
type Part = 'star' | ((byte: number) => boolean);

function partsOf(pattern: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at] ?? 0;
    if (byte === STAR) {
      if (parts.at(-1) !== 'star') parts.push('star');
    } else if (byte === QUESTION) parts.push(() => true);
    else if (byte === OPEN) {
      const { part, end } = classAt(pattern, at + 1);
      parts.push(part);
      at = end;
    } else {
      const isEscape = byte === BACKSLASH && at + 1 < pattern.length;
      if (isEscape) at += 1;
      const literal = pattern[at] ?? 0;
      parts.push((other) => other === literal);
    }
  }
  return parts;
}

/** A class without an end reaches to the end of the pattern. `end` is the place of its bracket. */
function classAt(pattern: Buffer, begin: number): { part: Part; end: number } {
  let at = begin;
  const isNot = pattern[at] === CARET;
  if (isNot) at += 1;
  const ranges: [number, number][] = [];
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      at += 1;
      ranges.push(only(pattern[at] ?? 0));
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      const [a, b] = [signed(pattern[at] ?? 0), signed(pattern[at + 2] ?? 0)];
      ranges.push([Math.min(a, b), Math.max(a, b)]);
      at += 2;
    } else ranges.push(only(pattern[at] ?? 0));
  }
  const isIn = (value: number) => ranges.some(([from, to]) => value >= from && value <= to);
  const part: Part = (byte) => isIn(signed(byte)) !== isNot;
  return { part, end: at };
}

function only(byte: number): [number, number] {
  return [signed(byte), signed(byte)];
}

/** Redis compares the ends of a range as `char`, which has a sign on x86-64. */
function signed(byte: number): number {
  return byte < 0x80 ? byte : byte - 0x100;
}

/** Goes back to the last star alone, so that it takes at most the product of both lengths. */
function matches(parts: readonly Part[], key: Buffer): boolean {
  let part = 0;
  let at = 0;
  let star: { part: number; at: number } | undefined;
  while (at < key.length) {
    const wanted = parts[part];
    if (wanted === 'star') {
      star = { part, at };
      part += 1;
    } else if (wanted?.(key[at] ?? 0) === true) {
      part += 1;
      at += 1;
    } else if (star !== undefined) {
      star.at += 1;
      at = star.at;
      part = star.part + 1;
    } else return false;
  }
  while (parts[part] === 'star') part += 1;
  return part === parts.length;
}
