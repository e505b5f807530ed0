import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'answers a listing where the region is asked for',
  seenOn: 'versitygw 2025 (issue 1499), Ceph for other sub-resources',
  tool: 'does without: the region is a convenience',
  server: () =>
    answering(asks('GetBucketLocation'), () =>
      document(
        200,
        '<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>',
      ),
    ),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
