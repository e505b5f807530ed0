import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'holds an object that is encrypted with a key of the customer (GET and HEAD answer 400)',
  seenOn: 'AWS, MinIO, Ceph: every server with SSE-C',
  tool: 'names the object and the reason, and backs up the others',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14'), () =>
      refusal(
        400,
        'InvalidRequest',
        'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
      ),
    ),
  full: {
    status: 'partial',
    failed: { 'pages/14': { status: 400, code: 'InvalidRequest', reason: /SSE-C|customer/ } },
  },
});
