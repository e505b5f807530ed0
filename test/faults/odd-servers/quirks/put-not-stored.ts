import { createHash } from 'node:crypto';
import { quirk } from '../quirk.js';
import { asks } from '../ways.js';

const NOTHING = Buffer.alloc(0);

function md5Of(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

export default quirk({
  group: 'targets',
  what: 'answers a PUT with 200, but does not store the object',
  seenOn: 'MinIO 2018 (issue 6163: 404 after a PUT that succeeded)',
  tool: 'lists what it wrote, and names the object',
  during: ['restore'],
  server: ({ target }) => ({
    handle: (request, next) =>
      asks('PutObject', target, 'pages/14')(request)
        ? {
            status: 200,
            headers: { etag: md5Of(request.body), 'content-length': '0' },
            body: NOTHING,
          }
        : next(request),
  }),
  restore: { status: 'partial', failed: ['pages/14'] },
});
