import { quirk } from '../quirk.js';
import { asks, paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'answers a listing with a page of 40 MiB',
  seenOn: 'SeaweedFS 2022 (issue 3166: pages of 10,000 keys where 1,000 were asked for)',
  tool: 'reads at most 32 MiB, and names the bucket',
  withOther: true,
  server: ({ other }) =>
    paging((page, { bucket }) =>
      bucket === other ? { ...page, more: `<!--${'-x'.repeat(20 * 1024 * 1024)}-->` } : page,
    ),
  full: {
    status: 'partial',
    otherFailed: { key: '', operation: 'ListObjectsV2' },
    atMost: {
      requests: 3,
      which: (request, { other }) => asks('ListObjectsV2', other)(request),
    },
  },
});
