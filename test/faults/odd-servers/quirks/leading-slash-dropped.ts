import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores /x as x',
  seenOn: 'MinIO (issues 17356, 7717)',
  tool: 'tries one object of its own first; leaves such keys out and names each',
  during: ['restore'],
  objects: [plain('/slashed/1'), plain('slashed/1')],
  server: () => renaming((key) => key.replace(/^\/+/, '')),
  restore: { status: 'partial', failed: ['/slashed/1'] },
});
