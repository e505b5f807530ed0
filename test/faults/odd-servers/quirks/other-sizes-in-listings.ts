import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'lists objects with the size that they have encrypted or compressed',
  seenOn: 'no report: what encrypting and compressing gateways may list',
  tool: 'goes by the size and ETag that the object itself comes with',
  during: ['full', 'incremental'],
  server: () =>
    paging((page) => ({
      ...page,
      entries: page.entries.map((entry) => ({ ...entry, size: String(Number(entry.size) + 28) })),
    })),
});
