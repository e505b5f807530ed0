import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'ignores encoding-type=url, and sends keys without encoding',
  seenOn: 'Backlot 2026 (issue 178)',
  tool: 'decodes keys only if the document says that they are encoded',
  server: () => paging((page) => ({ ...page, encoding: 'none' })),
});
