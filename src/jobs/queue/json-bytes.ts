/**
 * Reads JSON that may have any size and depth without parsing all of it. What is found is right for JSON
 * that is right; text that is not JSON is not always recognised as such.
 */

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Stands where something was left out. */
const CUT = '…';

interface Limits {
  /** Characters of a text. */
  text: number;
  /** Lists and objects in one another. */
  depth: number;
  /** Members of one list or object. */
  members: number;
}

export const SHOWN_LIMITS: Limits = { text: 2000, depth: 32, members: 100 };

/** Yields the members of a top-level object as ranges of bytes: the name is with its quotes. */
export function* membersOf(json: Buffer): Generator<{ name: string; from: number; to: number }> {
  let at = afterSpace(json, 0);
  if (json[at] !== OPEN_OBJECT) return;
  at = afterSpace(json, at + 1);
  while (json[at] === QUOTE) {
    const nameEnd = endOfValue(json, at);
    const name = textIn(json.subarray(at, nameEnd));
    const colon = afterSpace(json, nameEnd);
    if (json[colon] !== COLON) return;
    const from = afterSpace(json, colon + 1);
    const to = endOfValue(json, from);
    if (name !== undefined) yield { name, from, to };
    at = afterSpace(json, to);
    if (json[at] !== COMMA) return;
    at = afterSpace(json, at + 1);
  }
}

/** The number of elements of a list; `undefined` where it is none. */
export function countElements(json: Buffer): number | undefined {
  let at = afterSpace(json, 0);
  if (json[at] !== OPEN_LIST) return undefined;
  at = afterSpace(json, at + 1);
  if (json[at] === CLOSE_LIST) return 0;
  for (let count = 1; ; count++) {
    at = afterSpace(json, endOfValue(json, at));
    if (json[at] !== COMMA) return count;
    at = afterSpace(json, at + 1);
  }
}

/**
 * Parses JSON, with what is beyond the limits left out and `…` in its place. Returns `undefined` for what
 * is not JSON.
 */
export function abridgedJson(json: Buffer, limits: Limits = SHOWN_LIMITS): unknown {
  const start = afterSpace(json, 0);
  const parts: string[] = [];
  abridge(json, start, limits, parts);
  try {
    return JSON.parse(parts.join('')) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a parsed value is within the limit of depth: deeper ones overflow the stack when printed. */
export function isShallow(value: unknown, depth: number = SHOWN_LIMITS.depth): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.values(value).every((member) => isShallow(member, depth - 1));
}

/** Appends the value at `from` as JSON within the limits. Returns where it ends. */
function abridge(json: Buffer, from: number, limits: Limits, parts: string[]): number {
  const first = json[from];
  const isList = first === OPEN_LIST;
  if (!isList && first !== OPEN_OBJECT) {
    const end = endOfValue(json, from);
    parts.push(abridgedText(json.subarray(from, end), limits.text));
    return end;
  }
  if (limits.depth === 0) {
    parts.push(JSON.stringify(CUT));
    return endOfValue(json, from);
  }
  const inner = { ...limits, depth: limits.depth - 1 };
  parts.push(isList ? '[' : '{');
  let at = afterSpace(json, from + 1);
  for (let count = 0; at < json.length && !isClosing(json[at]); count++) {
    if (count === limits.members) {
      parts.push(
        isList ? `,${JSON.stringify(CUT)}` : `,${JSON.stringify(CUT)}:${JSON.stringify(CUT)}`,
      );
      at = endOfValue(json, from) - 1;
      break;
    }
    if (count > 0) parts.push(',');
    if (!isList) {
      const nameEnd = endOfValue(json, at);
      parts.push(abridgedText(json.subarray(at, nameEnd), limits.text), ':');
      at = afterSpace(json, afterSpace(json, nameEnd) + 1);
    }
    at = afterSpace(json, abridge(json, at, inner, parts));
    if (json[at] === COMMA) at = afterSpace(json, at + 1);
  }
  parts.push(isList ? ']' : '}');
  return at + 1;
}

/** A text of JSON, shortened where it is long; what cannot be shortened stays as it is. */
function abridgedText(json: Buffer, most: number): string {
  // An escape has up to six bytes, a character up to four.
  if (json.length <= most || json[0] !== QUOTE) return json.toString('utf8', 0, 6 * most);
  const longest = Math.min(6 * most, json.length - 1);
  for (let end = longest; end > longest - 12; end--) {
    const text = textIn(Buffer.concat([json.subarray(0, end), Buffer.from('"')]));
    if (text !== undefined) return JSON.stringify(shortened(text, most));
  }
  return JSON.stringify(CUT);
}

/** Returns the first characters and `…` for a text with more. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}${CUT}`;
}

function textIn(json: Buffer): string | undefined {
  try {
    const text = JSON.parse(json.toString('utf8')) as unknown;
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

function isClosing(byte: number | undefined): boolean {
  return byte === CLOSE_LIST || byte === CLOSE_OBJECT;
}

function afterSpace(json: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = json[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** Where the value that begins at `from` ends. Never beyond the end, and beyond `from` unless that is it. */
function endOfValue(json: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfText(json, at) - 1;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      continue;
    } else if (isClosing(byte)) {
      if (depth === 0) return Math.max(at, from + 1);
      depth -= 1;
    } else if (depth > 0 || !isEnd(byte)) {
      continue;
    } else {
      return Math.max(at, from + 1);
    }
    if (depth === 0) return at + 1;
  }
  return json.length;
}

function isEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === COLON || (byte !== undefined && byte <= 0x20);
}

function endOfText(json: Buffer, from: number): number {
  for (let at = from + 1; ; at++) {
    at = json.indexOf(QUOTE, at);
    if (at === -1) return json.length;
    let escapes = 0;
    while (json[at - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
}
