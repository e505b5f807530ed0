import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'no longer has an object that it has just listed',
  seenOn: 'every server in use',
  tool: 'lists that key again, sees that it is gone, and completes the backup',
  during: ['full', 'incremental'],
  server: () =>
    paging((page, { query }) => {
      const [first] = page.entries;
      if (page.truncated || query.has('prefix') || first === undefined) return page;
      return { ...page, entries: [...page.entries, { ...first, key: 'zzzz-brief' }] };
    }),
});
