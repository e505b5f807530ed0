import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'marks ETags as weak in the headers of objects, but not in listings',
  seenOn: 'proxies that compress (nginx, Cloudflare) in front of any store',
  tool: 'compares them without the mark',
  server: () =>
    altering(
      ({ operation }) => operation !== 'ListObjectsV2',
      (answer) =>
        answer.headers.etag === undefined
          ? answer
          : withHeaders(answer, { etag: `W/${answer.headers.etag}` }),
    ),
  incremental: { capturedAtMost: 5 },
});
