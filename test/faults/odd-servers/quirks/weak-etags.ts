import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'marks ETags as weak: W/"…"',
  seenOn: 'Ceph (aws-sdk-java pull request 2380), Cloudflare',
  tool: 'compares them without the mark',
  server: () => tellingEtags((etag) => `W/"${etag}"`),
  incremental: { capturedAtMost: 5 },
});
