import { noise } from '../../../helpers/seed.js';
import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks, both, rerouting } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'breaks off a large object, and answers a request for the rest with the whole object',
  seenOn: 'lakeFS 2023 (issue 6100), Riak CS (pull request 304), Yulin 2026 (issue 717)',
  tool: 'rejects these bytes, and names the object',
  during: ['full'],
  objects: [{ key: 'large', content: noise(9 * 1024 * 1024, 'large') }],
  server: ({ bucket }) =>
    both(
      altering(asks('GetObject', bucket, 'large'), (answer) => ({
        ...answer,
        cutAfter: 6 * 1024 * 1024,
      })),
      rerouting((request) => withHeaders(request, { range: undefined })),
    ),
  full: { status: 'partial', failed: { large: {} } },
});
