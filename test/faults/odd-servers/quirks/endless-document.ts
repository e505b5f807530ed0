import { document, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

/** For whoever reads on, 48 MiB: more than any limit. */
async function* endless(): AsyncGenerator<Buffer> {
  yield Buffer.from('{"Version":"');
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent < 48; sent += 1) yield await Promise.resolve(chunk);
}

export default quirk({
  group: 'buckets',
  what: 'sends a policy that never ends',
  seenOn: 'no report: possible with a broken cache or gateway',
  tool: 'reads at most 16 MiB, and names the document',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetBucketPolicy', bucket), () => ({
      ...withHeaders(document(200, ''), {
        'content-length': undefined,
        'transfer-encoding': 'chunked',
      }),
      stream: endless(),
    })),
  full: {
    status: 'partial',
    failed: { '': { document: 'policy' } },
    atMost: { requests: 2, which: asks('GetBucketPolicy') },
  },
  restore: { status: 'any', failed: 'any' },
});
