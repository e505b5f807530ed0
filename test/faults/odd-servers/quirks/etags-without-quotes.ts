import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'writes ETags without quotes',
  seenOn: 's3rver 2015 (pull request 14)',
  tool: 'removes quotes before it compares ETags',
  server: () => tellingEtags((etag) => etag),
  incremental: { capturedAtMost: 5 },
});
