import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'sends the same continuation token again and again',
  seenOn: 'Wasabi 2019 (aws-cli issue 3917), MEGA S4 2025 (issue 3)',
  tool: 'gives up the bucket, names it, and backs up the others',
  withOther: true,
  server: ({ other }) =>
    paging((page, { bucket }) =>
      bucket === other ? { ...page, truncated: true, token: 'from-0' } : page,
    ),
  full: { status: 'partial', otherFailed: { key: '', operation: 'ListObjectsV2' } },
});
