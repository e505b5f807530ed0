import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'no longer has an object that it listed a moment ago',
  seenOn: 'every server in use',
  tool: 'asks for the listing of that key again: it is gone, and the backup complete',
  during: ['full', 'incremental'],
  server: () =>
    paging((page, { query }) => {
      const [first] = page.entries;
      if (page.truncated || query.has('prefix') || first === undefined) return page;
      return { ...page, entries: [...page.entries, { ...first, key: 'zzzz-brief' }] };
    }),
});
