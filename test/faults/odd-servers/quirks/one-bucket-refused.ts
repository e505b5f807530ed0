import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'refuses all access to one of the buckets',
  seenOn: 'every server with policies; R2 with tokens for some buckets',
  tool: 'names the bucket and the missing right, and backs up the others',
  withOther: true,
  server: ({ other }) =>
    answering(
      ({ bucket }) => bucket === other,
      () => refusal(403, 'AccessDenied'),
    ),
  full: {
    status: 'partial',
    otherFailed: { key: '', operation: 'ListObjectsV2', status: 403, code: 'AccessDenied' },
  },
});
