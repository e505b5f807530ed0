import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'gives all objects one ETag',
  seenOn: 'no report: what a gateway that does not compute them may give',
  tool: 'recognises a change by the date too',
  server: () => tellingEtags(() => '"00000000-1"'),
});
