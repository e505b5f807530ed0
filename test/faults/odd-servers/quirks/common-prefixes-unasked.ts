import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'gives common prefixes though no delimiter was sent, in place of the objects below them',
  seenOn: 'proxies and caches that ignore the query of a listing; WebDAV and HTTP gateways',
  tool: 'does not take that for a listing, and names the bucket',
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
