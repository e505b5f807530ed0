import { withBody } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks, both, writtenInParts } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends an empty body for objects that are not empty, with Content-Length: 0 and the right ETag',
  seenOn: 'MinIO 2022 (issue 15040), Ceph behind Cloudflare (rclone issue 8500)',
  tool: 'sees that they are shorter than listed, and names them',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    both(
      writtenInParts(bucket, 'pages/15'),
      altering(asks('GetObject', bucket, 'pages/14', 'pages/15'), (answer) => withBody(answer, '')),
    ),
  full: { status: 'partial', failed: { 'pages/14': {}, 'pages/15': {} } },
});
