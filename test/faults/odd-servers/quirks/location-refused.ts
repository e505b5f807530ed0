import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'refuses to tell the region of a bucket',
  seenOn: 'AWS where a policy lacks s3:GetBucketLocation, R2 and B2 with narrow keys',
  tool: 'does without the region',
  server: () => answering(asks('GetBucketLocation'), () => refusal(403, 'AccessDenied')),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
