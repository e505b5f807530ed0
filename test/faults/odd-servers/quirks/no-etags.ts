import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends no ETags',
  seenOn: 'Google Cloud Storage where it decompresses (arrow-rs issue 774)',
  tool: 'copies whatever it cannot recognise as unchanged',
  server: () => tellingEtags(() => ''),
});
