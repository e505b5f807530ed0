import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'writes a space in a listed key as +, and a + as %2B',
  seenOn: 'AWS (measured in Backlot issue 178; boto pull request 2654), MinIO',
  tool: 'decodes both',
  server: () => paging((page) => ({ ...page, encoding: 'plus' })),
});
