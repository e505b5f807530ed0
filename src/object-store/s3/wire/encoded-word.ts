import { decodeBytes, encodeText } from './header-text.js';

/**
 * MinIO stores user metadata as it comes, and gives what is not printable ASCII out as RFC 2047
 * encoded words. They are taken apart where taking them apart loses nothing: when MinIO would give
 * the text out as exactly these words again. Anything else is text that only looks like it. Pure.
 */

const OPEN = '=?UTF-8?q?';
const CLOSE = '?=';
/** 75 characters an encoded word, less what surrounds its content. */
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

/** AWS alone encodes non-ASCII text like this; elsewhere such words are the text itself. */
const BASE64_WORDS = /^=\?UTF-8\?B\?[\w+/]*={0,2}\?=(?: =\?UTF-8\?B\?[\w+/]*={0,2}\?=)*$/i;

/** Returns the value itself where it only resembles an encoded word: ASCII, or not UTF-8. */
export function decodeBase64Words(value: string): string {
  if (!BASE64_WORDS.test(value)) return value;
  const bytes = value.split(' ').map((word) => Buffer.from(word.slice(10, -2), 'base64'));
  const text = Buffer.concat(bytes).toString('utf8');
  const isText = Buffer.concat(bytes).equals(Buffer.from(text));
  return isText && /[^\0-\x7f]/.test(text) ? text : value;
}

/** The `Encode` of Go's mime.QEncoding, character for character. */
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
