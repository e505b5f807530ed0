import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'returns common prefixes in place of objects, although no delimiter was sent',
  seenOn: 'no report: possible with proxies that ignore the query of a listing',
  tool: 'rejects the listing, and names the bucket',
  withOther: true,
  server: ({ other }) =>
    paging((page, { bucket }) =>
      bucket === other
        ? {
            ...page,
            entries: [],
            more: '<CommonPrefixes><Prefix>other/</Prefix></CommonPrefixes>',
          }
        : page,
    ),
  full: { status: 'partial', otherFailed: { key: '', operation: 'ListObjectsV2' } },
});
