import { gzipSync } from 'node:zlib';
import { chunked, withBody, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

const KEYS = ['pages/14', 'tagged/1'] as const;

export default quirk({
  group: 'objects',
  what: 'sits behind a proxy that compresses objects on the way, asked or not',
  seenOn: 'Cloudflare before Ceph (rclone issue 8500), R2 (rclone issue 8137), nginx with gzip',
  tool: 'sees that the bytes are not those that were listed, and names the objects',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks('GetObject', bucket, ...KEYS), (answer) =>
      withHeaders(chunked(withBody(answer, gzipSync(answer.body))), {
        'content-encoding': 'gzip',
        etag: `W/${answer.headers.etag ?? ''}`,
      }),
    ),
  full: { status: 'partial', failed: { 'pages/14': {}, 'tagged/1': {} } },
});
