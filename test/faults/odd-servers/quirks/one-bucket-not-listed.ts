import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'lets this user read the objects of a bucket, but not list it',
  seenOn: 'AWS with policies for s3:GetObject alone',
  tool: 'names the bucket and the missing right, and backs up the others',
  withOther: true,
  server: ({ other }) =>
    answering(asks('ListObjectsV2', other), () => refusal(403, 'AccessDenied')),
  full: {
    status: 'partial',
    otherFailed: {
      key: '',
      operation: 'ListObjectsV2',
      status: 403,
      code: 'AccessDenied',
      reason: /s3:ListBucket/,
    },
  },
});
