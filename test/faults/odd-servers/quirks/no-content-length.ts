import { chunked } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends objects in chunks, without Content-Length',
  seenOn: 'Cloudflare R2 (rclone issue 8137), Google Cloud Storage (arrow-rs issue 774)',
  tool: 'accepts an object that is as long as it was listed',
  server: () => altering(asks('GetObject'), (answer) => chunked(answer)),
});
