import { type StoreAddress, addressOf, parseEndpoint } from '../../../config/store-address.js';
import { isBucketPrefix } from '../../../drill/journal-entry.js';
import { MangamotionError } from '../../../errors.js';

/** Where --into has a drill restore: another server, or buckets whose names begin with a prefix. */
export type Into = { address: StoreAddress } | { prefix: string };

/** Reads --into. What has a colon or a dot is a server. Throws `usage` for neither. */
export function parseInto(text: string): Into {
  if (!/[:.]/.test(text)) {
    if (isBucketPrefix(text)) return { prefix: text };
    throw new MangamotionError(
      'usage',
      'must be the endpoint of a server, or a prefix for names of buckets (1 to 20 of a-z 0-9 -)',
    );
  }
  const endpoint = parseEndpoint(text);
  if (typeof endpoint === 'string') throw new MangamotionError('usage', endpoint);
  return { address: addressOf(endpoint, { port: undefined, useTls: true }) };
}
