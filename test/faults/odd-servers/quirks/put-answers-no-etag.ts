import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'answers a PUT without an ETag',
  seenOn: 'no report: possible with small gateways',
  tool: 'compares the sizes',
  during: ['restore'],
  server: () => altering(asks('PutObject'), (answer) => withHeaders(answer, { etag: undefined })),
});
