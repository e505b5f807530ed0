import { plain } from '../content.js';
import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'sorts without regard to case, and folders before files',
  seenOn:
    'versitygw 2025 (issue 1283: folders first), NooBaa (issue 8218: another order of Unicode)',
  tool: 'sorts the listing on disk first',
  objects: [plain('Pages/B'), plain('PAGES'), plain('pages!')],
  server: () => ({
    entries: (all) => all.toSorted((a, b) => a.key.localeCompare(b.key, 'en')),
  }),
});
