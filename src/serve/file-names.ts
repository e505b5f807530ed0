/** A name that is too long is refused by the file systems of clients. */
const LONGEST_NAME = 150;

/**
 * Returns the header Content-Disposition for a download. The name is the last segment of the key, made
 * safe for the systems of clients; see RFC 6266 and RFC 8187.
 */
export function attachment(key: string): string {
  const name = safeName(key);
  const ascii = name.replace(/[^\x20-\x7e]|[%"\\]/g, '_');
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded(name)}`;
}

function safeName(key: string): string {
  const last = key
    .toWellFormed()
    .split(/[/\\]/)
    .findLast((segment) => segment !== '');
  const name = (last ?? '')
    // Control and invisible characters, which also hide an extension; characters that Windows refuses.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '_');
  return shortened(name === '' ? 'object' : name);
}

/** Keeps the extension. */
function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= LONGEST_NAME) return name;
  const [, extension = ''] = /(\.[^.]{1,16})$/.exec(name) ?? [];
  return characters.slice(0, LONGEST_NAME - extension.length).join('') + extension;
}

function encoded(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const SIGNATURES = [
  { type: 'image/png', pattern: /^\x89PNG\r\n\x1a\n/ },
  { type: 'image/jpeg', pattern: /^\xff\xd8\xff/ },
  { type: 'image/gif', pattern: /^GIF8[79]a/ },
  { type: 'image/webp', pattern: /^RIFF[^]{4}WEBP/ },
];

/** Types that a browser may show: by the first bytes, since the type that the store has is anybody's. */
export const PREVIEW_TYPES = SIGNATURES.map(({ type }) => type);

export function safeType(begin: Uint8Array): string {
  const text = Buffer.from(begin.subarray(0, 16)).toString('latin1');
  return SIGNATURES.find(({ pattern }) => pattern.test(text))?.type ?? 'application/octet-stream';
}
