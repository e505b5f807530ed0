import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'ignores encoding-type=url, and lists keys as they are',
  seenOn: 'Backlot 2026 (issue 178)',
  tool: 'reads keys as the document says that they are written',
  server: () => paging((page) => ({ ...page, encoding: 'none' })),
});
