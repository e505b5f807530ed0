import { posix } from 'node:path';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'resolves . and .. in keys, as in paths',
  seenOn: 'reverse proxies and HTTP libraries that normalise paths, before any store',
  tool: 'finds out with an object of its own before it writes, and leaves such keys out, each named',
  during: ['restore'],
  objects: [plain('dots/./1'), plain('dots/1'), plain('up/../2'), plain('2')],
  server: () => renaming((key) => posix.normalize(key).replace(/^(?:\.\.\/)+/, '')),
  restore: { status: 'partial', failed: ['dots/./1', 'up/../2'] },
});
