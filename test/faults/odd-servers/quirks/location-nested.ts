import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'nests the region in a CreateBucketConfiguration',
  seenOn: 'SeaweedFS (minio-js issue 1213)',
  tool: 'does without the region',
  server: () =>
    answering(asks('GetBucketLocation'), () =>
      document(
        200,
        '<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>',
      ),
    ),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
