import { posix } from 'node:path';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'resolves . and .. in keys, as in paths',
  seenOn: 'reverse proxies and HTTP libraries that normalise paths, in front of any store',
  tool: 'tries one object of its own first; leaves such keys out and names each',
  during: ['restore'],
  objects: [plain('dots/./1'), plain('dots/1'), plain('up/../2'), plain('2')],
  server: () => renaming((key) => posix.normalize(key).replace(/^(?:\.\.\/)+/, '')),
  restore: { status: 'partial', failed: ['dots/./1', 'up/../2'] },
});
