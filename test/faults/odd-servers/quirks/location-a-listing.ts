import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'answers with a listing when asked for the region',
  seenOn: 'versitygw 2025 (issue 1499), Ceph for other sub-resources',
  tool: 'does without the region',
  server: () =>
    answering(asks('GetBucketLocation'), () =>
      document(
        200,
        '<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>',
      ),
    ),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
