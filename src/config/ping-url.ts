import { Secret } from './secret.js';

/** Where a name of an entry comes in. */
const PLACEHOLDER = '{name}';

/**
 * Reads `https://hc-ping.com/key/mangamotion-{name}`. Returns what is wrong (`must …`) for anything
 * else, without repeating it: who knows the URL can report runs that never were.
 */
export function parsePingUrl(text: string): Secret | string {
  if (!/^https?:\/\//i.test(text)) return 'must be a URL that begins with http:// or https://';
  const example = text.replaceAll(PLACEHOLDER, 'name');
  if (/\s/.test(example) || !URL.canParse(example)) return 'must be a URL, without spaces';
  if (/[{}]/.test(example)) return 'must have no placeholder but {name}';
  // It would not be sent, and with it not what is added behind it.
  if (example.includes('#')) return 'must have # in it only as %23';
  return new Secret(text);
}
