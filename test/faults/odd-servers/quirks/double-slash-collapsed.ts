import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores a//b as a/b',
  seenOn: 'MinIO (issues 9567, 3256), nginx with merge_slashes in front of any store',
  tool: 'tries one object of its own first; leaves such keys out and names each',
  during: ['restore'],
  objects: [plain('double//1'), plain('double/1')],
  server: () => renaming((key) => key.replace(/\/{2,}/g, '/')),
  restore: { status: 'partial', failed: ['double//1'] },
});
