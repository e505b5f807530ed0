import { plain } from '../content.js';
import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'lists keys in lower case, but finds them only as they were written',
  seenOn: 'no report: possible with a gateway over a case-insensitive file system',
  tool: 'names each listed key that cannot be read',
  during: ['full', 'incremental'],
  objects: [plain('Reports/A')],
  server: () => ({
    entries: (all) => all.map((entry) => ({ ...entry, key: entry.key.toLowerCase() })),
  }),
  full: {
    status: 'partial',
    failed: {
      'reports/a': { operation: 'GetObject', status: 404 },
      'percent%2fslash': { operation: 'GetObject', status: 404 },
    },
  },
  beyond: ['Reports/A', 'percent%2Fslash'],
});
