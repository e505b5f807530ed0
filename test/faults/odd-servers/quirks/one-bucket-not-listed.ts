import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'gives out the objects of a bucket, but does not list it',
  seenOn: 'AWS with policies for s3:GetObject alone',
  tool: 'names the bucket with the right that is missing, and backs up the others',
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
