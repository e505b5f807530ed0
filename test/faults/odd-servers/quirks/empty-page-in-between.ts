import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'sends a page without objects in the middle, with a token for the next one',
  seenOn: 'SeaweedFS 2026 (pull request 10280); AWS allows it',
  tool: 'goes on with the next page',
  server: () => {
    let isFirst = true;
    return paging((page, { query }) => {
      if (!query.has('continuation-token') || page.token === undefined || !isFirst) return page;
      isFirst = false;
      return { ...page, entries: [], token: `${query.get('continuation-token') ?? ''}.0` };
    });
  },
});
