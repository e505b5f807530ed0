/**
 * Converts headers and keys between text and bytes. Valid UTF-8 becomes its text; any other byte
 * becomes a lone surrogate U+DC80..U+DCFF (PEP 383, "surrogateescape"), without loss. Pure.
 */

const LONE_SURROGATE = /\p{Surrogate}/u;
const ESCAPED_BYTE = /([\u{dc80}-\u{dcff}])/u;
export const NOT_ASCII = /[^\u0000-\u007f]/;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the text holds escaped bytes that are not UTF-8. */
export function holdsEscapedBytes(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

export function decodeBytes(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decodeWithEscapes(bytes);
  }
}

export function encodeText(text: string): Buffer {
  if (!holdsEscapedBytes(text)) return Buffer.from(text, 'utf8');
  const parts = text.split(ESCAPED_BYTE);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, 'utf8'),
    ),
  );
}

/** Decodes a header value as Node returns it: one character per byte (latin1). */
export function decodeHeader(value: string): string {
  return NOT_ASCII.test(value) ? decodeBytes(Buffer.from(value, 'latin1')) : value;
}

/** Encodes a header value as Node expects it: one character per byte (latin1). */
export function encodeHeader(text: string): string {
  return NOT_ASCII.test(text) ? encodeText(text).toString('latin1') : text;
}

function decodeWithEscapes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at < buffer.length;) {
    const length = sequenceLength(buffer, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + (buffer[at] ?? 0))
        : buffer.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Returns the length of the UTF-8 sequence at `at`; 0 if it is ill-formed (Unicode, table 3-7). */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = at + 2; next < at + length; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** Returns an ETag without its quotes and without the prefix `W/` of a weak one. */
export function plainEtag(text: string): string {
  return text.replace(/^W\//, '').replace(/^"|"$/g, '');
}
