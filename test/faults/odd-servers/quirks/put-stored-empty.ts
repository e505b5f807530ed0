import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { asks, rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'answers a PUT with 200, but stores an empty object',
  seenOn: 'Ceph behind Cloudflare (rclone issue 8500)',
  tool: 'lists what it wrote, and names the object',
  during: ['restore'],
  server: ({ target }) =>
    rerouting((request) =>
      asks('PutObject', target, 'pages/14')(request)
        ? { ...withHeaders(request, { 'content-md5': undefined }), body: Buffer.alloc(0) }
        : request,
    ),
  restore: { status: 'partial', failed: ['pages/14'] },
});
