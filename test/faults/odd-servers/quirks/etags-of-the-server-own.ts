import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'gives objects ETags of its own making, which are no MD5',
  seenOn: 'AWS and MinIO with SSE-KMS, gateways',
  tool: 'compares the listing with the ETag that its own PUT was answered with',
  during: ['restore'],
  server: () => tellingEtags((etag) => `"${Buffer.from(etag).reverse().toString()}"`),
});
