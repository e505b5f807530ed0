import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=false after the second page, although more objects follow',
  seenOn: 'RustFS 2026 (issue 3217), SeaweedFS 2022 and 2026 (issues 3166, 10652)',
  tool: 'asks for keys after the last one, and goes on from there',
  server: () =>
    paging((page, { query }) =>
      query.has('continuation-token') ? { ...page, truncated: false, token: undefined } : page,
    ),
  full: { says: /ended early|continued/ },
});
