import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'gives common prefixes though no delimiter was sent, in place of the objects below them',
  seenOn: 'no report: what proxies that ignore the query of a listing may answer',
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
