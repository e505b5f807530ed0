import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'lists objects with their encrypted or compressed size',
  seenOn: 'no report: possible with gateways that encrypt or compress',
  tool: 'uses the size and ETag that come with the object',
  during: ['full', 'incremental'],
  server: () =>
    paging((page) => ({
      ...page,
      entries: page.entries.map((entry) => ({ ...entry, size: String(Number(entry.size) + 28) })),
    })),
});
