import { decodeBytes, encodeText } from './header-text.js';

/**
 * RFC 2047 encoded words, in which MinIO and AWS return user metadata that is not printable ASCII.
 * A text is decoded only if MinIO would encode the result as exactly the same words; any other text
 * only looks like encoded words. Pure.
 */

const OPEN = '=?UTF-8?q?';
const CLOSE = '?=';
/** An encoded word has at most 75 characters. */
const MAX_CONTENT = 75 - OPEN.length - CLOSE.length;

export function decodeWords(value: string): string {
  if (!value.startsWith(OPEN) || !value.endsWith(CLOSE)) return value;
  const content = value
    .slice(OPEN.length, -CLOSE.length)
    .replaceAll(`${CLOSE} ${OPEN}`, '')
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const text = decodeBytes(Buffer.from(content, 'latin1'));
  return encodeWords(text) === value ? text : value;
}

/** Only AWS encodes non-ASCII text in this form; from other servers such text is literal. */
const BASE64_WORDS = /^=\?UTF-8\?B\?[\w+/]*={0,2}\?=(?: =\?UTF-8\?B\?[\w+/]*={0,2}\?=)*$/i;

/**
 * Decodes AWS's encoded words. Returns the value unchanged if it decodes to ASCII, or not to UTF-8.
 */
export function decodeBase64Words(value: string): string {
  if (!BASE64_WORDS.test(value)) return value;
  const bytes = value.split(' ').map((word) => Buffer.from(word.slice(10, -2), 'base64'));
  const text = Buffer.concat(bytes).toString('utf8');
  const isText = Buffer.concat(bytes).equals(Buffer.from(text));
  return isText && /[^\0-\x7f]/.test(text) ? text : value;
}

/** Encodes text exactly as `Encode` of Go's mime.QEncoding does. */
export function encodeWords(text: string): string {
  if (/^[\t -~]*$/.test(text)) return text;
  let words = OPEN;
  let length = 0;
  for (const character of text) {
    const encoded = encodeCharacter(character);
    if (length + encoded.length > MAX_CONTENT) {
      words += `${CLOSE} ${OPEN}`;
      length = 0;
    }
    words += encoded;
    length += encoded.length;
  }
  return words + CLOSE;
}

function encodeCharacter(character: string): string {
  if (character === ' ') return '_';
  if (/^[!-~]$/.test(character) && !'=?_'.includes(character)) return character;
  return encodeText(character).toString('hex').toUpperCase().replace(/../g, '=$&');
}
