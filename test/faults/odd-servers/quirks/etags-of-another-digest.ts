import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'gives some objects an ETag that looks like an MD5 but is another digest',
  seenOn: 'Chimera 2026 (issue 469), LeoFS (issue 216)',
  tool: 'cannot tell this from damage, and names these objects',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks('GetObject', bucket, 'pages/14'), (answer) =>
      withHeaders(answer, { etag: `"${'0123456789abcdef'.repeat(2)}"` }),
    ),
  full: { status: 'partial', failed: { 'pages/14': { reason: /MD5/ } } },
});
