import { quirk } from '../quirk.js';

/** Long enough for the status, too short for the code. */
const BYTES_BEFORE_THE_END = 20;

export default quirk({
  group: 'buckets',
  what: 'breaks the connection in the middle of its first 404 answer to each request',
  seenOn: 'connections that are cut',
  tool: 'tries again, and finds out what does not exist',
  server: () => {
    const asked = new Set<string>();
    return {
      handle: async (request, next) => {
        const answer = await next(request);
        const name = JSON.stringify([
          request.method,
          request.bucket,
          request.key,
          request.operation,
        ]);
        if (answer.status !== 404 || request.method === 'HEAD' || asked.has(name)) return answer;
        asked.add(name);
        return { ...answer, cutAfter: BYTES_BEFORE_THE_END };
      },
    };
  },
});
