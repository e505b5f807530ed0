import { decodeBytes, encodeText, holdsEscapedBytes } from './header-text.js';

/** The percent-encoding of paths, queries and listed keys. Pure. */

const PLAIN_PATH = /^[\w.~/-]*$/;

/** Percent-encodes all but the unreserved characters of RFC 3986, as SigV4 requires. */
export function percentEncode(text: string): string {
  return holdsEscapedBytes(text) ? percentEncodeBytes(encodeText(text)) : percentEncodeText(text);
}

/** Percent-encodes a key except for its slashes. */
export function encodePath(key: string): string {
  return PLAIN_PATH.test(key) ? key : percentEncode(key).replaceAll('%2F', '/');
}

/** Decodes `encoding-type=url`: `%XX` in either case, and `+` for a space. */
export function percentDecode(encoded: string): string {
  if (!encoded.includes('%') && !encoded.includes('+')) return encoded;
  const percent = encoded.replaceAll('+', ' ');
  try {
    return decodeURIComponent(percent);
  } catch {
    const bytes = encodeText(percent)
      .toString('latin1')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    return decodeBytes(Buffer.from(bytes, 'latin1'));
  }
}

function percentEncodeText(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, percentByte);
}

function percentEncodeBytes(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^A-Za-z0-9\-._~]/g, percentByte);
}

function percentByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
