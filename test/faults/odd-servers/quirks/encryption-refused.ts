import { refusal, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, answering, asks, both } from '../ways.js';

const ENCRYPTION = 'x-amz-server-side-encryption';

export default quirk({
  group: 'targets',
  what: 'refuses a PUT that asks for encryption',
  seenOn: 'Cloudflare R2 (which documents it), MinIO without KMS, Ceph without TLS',
  tool: 'stores the object with the default of the bucket, and reports the encryption as lost',
  server: ({ bucket, target }) =>
    both(
      altering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14'), (answer) =>
        withHeaders(answer, { [ENCRYPTION]: 'AES256' }),
      ),
      answering(
        (request) => request.bucket === target && request.headers[ENCRYPTION] !== undefined,
        () => refusal(501, 'NotImplemented', `Header '${ENCRYPTION}' not implemented`),
      ),
    ),
  restore: { status: 'partial', failed: 'any', names: /encrypt/i },
});
