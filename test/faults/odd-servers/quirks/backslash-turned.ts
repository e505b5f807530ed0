import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores x\\y as x/y',
  seenOn: 'SeaweedFS',
  tool: 'finds out with an object of its own before it writes, and leaves such keys out, each named',
  during: ['restore'],
  objects: [plain('back\\1'), plain('back/1')],
  server: () => renaming((key) => key.replaceAll('\\', '/')),
  restore: { status: 'partial', failed: ['back\\1'] },
});
