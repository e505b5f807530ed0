import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks, both, rerouting } from '../ways.js';

const ENCRYPTION = 'x-amz-server-side-encryption';

export default quirk({
  group: 'targets',
  what: 'accepts a PUT that asks for encryption, but does not encrypt',
  seenOn: 'no report: possible with gateways that ignore headers',
  tool: 'reads back the first objects of each kind, and reports the encryption as lost',
  server: ({ bucket }) =>
    both(
      altering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14'), (answer) =>
        withHeaders(answer, { [ENCRYPTION]: 'AES256' }),
      ),
      rerouting((request) => withHeaders(request, { [ENCRYPTION]: undefined })),
    ),
  restore: { status: 'partial', failed: 'any', names: /encrypt/i },
});
