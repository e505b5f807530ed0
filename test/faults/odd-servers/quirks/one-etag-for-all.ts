import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'gives all objects the same ETag',
  seenOn: 'no report: possible with a gateway that computes no ETags',
  tool: 'also recognises a change by the date',
  server: () => tellingEtags(() => '"00000000-1"'),
});
