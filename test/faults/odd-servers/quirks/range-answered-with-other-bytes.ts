import { noise } from '../../../helpers/seed.js';
import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'breaks off a large object, and then sends its first bytes again under the Content-Range of the rest',
  seenOn: 'no report: possible with a cache that stores parts',
  tool: 'sees that the digest is wrong, and names the object',
  during: ['full'],
  objects: [{ key: 'large', content: noise(9 * 1024 * 1024, 'large') }],
  server: ({ bucket }) => ({
    handle: async (request, next) => {
      const answer = await next(request);
      if (!asks('GetObject', bucket, 'large')(request)) return answer;
      if (request.headers.range === undefined) return { ...answer, cutAfter: 6 * 1024 * 1024 };
      const whole = await next(withHeaders(request, { range: undefined }));
      return { ...answer, body: whole.body.subarray(0, answer.body.length) };
    },
  }),
  full: { status: 'partial', failed: { large: {} } },
});
