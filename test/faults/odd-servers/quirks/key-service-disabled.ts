import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'cannot decrypt some objects because their key is disabled: GET answers 400',
  seenOn: 'AWS (KMS.DisabledException), MinIO with KMS, Ceph (pull request 46726: HEAD fails too)',
  tool: 'names these objects, and backs up the others',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14', 'tagged/1'), () =>
      refusal(400, 'KMS.DisabledException', 'arn:aws:kms:key/1 is disabled.'),
    ),
  full: {
    status: 'partial',
    failed: {
      'pages/14': { status: 400, code: 'KMS.DisabledException' },
      'tagged/1': { status: 400, code: 'KMS.DisabledException' },
    },
  },
});
