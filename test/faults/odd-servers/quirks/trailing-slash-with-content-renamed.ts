import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores dir/ with content as dir/dir, and answers 200',
  seenOn: 'SeaweedFS (issue 3086)',
  tool: 'tries one object of its own first; leaves such keys out and names each',
  during: ['restore'],
  objects: [plain('album/')],
  server: () =>
    renaming((key, { method, body }) =>
      key.endsWith('/') && (method !== 'PUT' || body.length > 0) && key !== 'folder/'
        ? `${key}${key.split('/').at(-2) ?? ''}`
        : key,
    ),
  restore: { status: 'partial', failed: ['album/'] },
});
