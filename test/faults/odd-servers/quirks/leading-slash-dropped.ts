import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores /x as x',
  seenOn: 'MinIO (issues 17356, 7717)',
  tool: 'finds out with an object of its own before it writes, and leaves such keys out, each named',
  during: ['restore'],
  objects: [plain('/slashed/1'), plain('slashed/1')],
  server: () => renaming((key) => key.replace(/^\/+/, '')),
  restore: { status: 'partial', failed: ['/slashed/1'] },
});
