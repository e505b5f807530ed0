import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'gives objects ETags that are not MD5 digests',
  seenOn: 'AWS and MinIO with SSE-KMS, gateways',
  tool: 'compares the listing with the ETag in the answer to its own PUT',
  during: ['restore'],
  server: () => tellingEtags((etag) => `"${Buffer.from(etag).reverse().toString()}"`),
});
