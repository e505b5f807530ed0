import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores a//b as a/b',
  seenOn: 'MinIO (issues 9567, 3256), nginx with merge_slashes before any store',
  tool: 'finds out with an object of its own before it writes, and leaves such keys out, each named',
  during: ['restore'],
  objects: [plain('double//1'), plain('double/1')],
  server: () => renaming((key) => key.replace(/\/{2,}/g, '/')),
  restore: { status: 'partial', failed: ['double//1'] },
});
