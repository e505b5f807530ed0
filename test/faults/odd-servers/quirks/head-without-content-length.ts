import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers HEAD without Content-Length',
  seenOn: 'Cloudflare R2 2026 (async-aws issue 2077)',
  tool: 'does not need the header',
  server: () =>
    altering(asks('HeadObject'), (answer) =>
      withHeaders(answer, { 'content-length': undefined, 'transfer-encoding': 'chunked' }),
    ),
});
