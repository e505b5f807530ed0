import { chunked, withBody } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends an object in chunks, without Content-Length, and stops too early',
  seenOn: 'Ceph behind Cloudflare (rclone issue 8500)',
  tool: 'sees that the object is shorter than listed, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks('GetObject', bucket, 'pages/14'), (answer) =>
      chunked(withBody(answer, answer.body.subarray(0, 300))),
    ),
  full: { status: 'partial', failed: { 'pages/14': {} } },
});
