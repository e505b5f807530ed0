import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores x\\y as x/y',
  seenOn: 'SeaweedFS',
  tool: 'tries one object of its own first; leaves such keys out and names each',
  during: ['restore'],
  objects: [plain('back\\1'), plain('back/1')],
  server: () => renaming((key) => key.replaceAll('\\', '/')),
  restore: { status: 'partial', failed: ['back\\1'] },
});
