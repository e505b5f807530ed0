import { refusal, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, answering, asks, both } from '../ways.js';

const CLASS = 'x-amz-storage-class';

export default quirk({
  group: 'targets',
  what: 'refuses a PUT that names a storage class',
  seenOn: 'Cloudflare R2 (gobackup issues 182, 183), Scality (InvalidStorageClass)',
  tool: 'reports the storage class as lost',
  server: ({ bucket, target }) =>
    both(
      altering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14'), (answer) =>
        withHeaders(answer, { [CLASS]: 'STANDARD_IA' }),
      ),
      answering(
        (request) => request.bucket === target && request.headers[CLASS] !== undefined,
        () => refusal(501, 'NotImplemented', `Header '${CLASS}' not implemented`),
      ),
    ),
  restore: { status: 'partial', failed: 'any', names: /storage.class/i },
});
