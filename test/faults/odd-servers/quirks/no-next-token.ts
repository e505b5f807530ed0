import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=true, but sends NextMarker (as ListObjects does) instead of NextContinuationToken',
  seenOn: 'RustFS 2026 (issue 1596), Ceph 2020 (awscr-s3 issue 71)',
  tool: 'continues after the last key',
  server: () =>
    paging((page) => ({
      ...page,
      token: undefined,
      more: page.truncated ? '<NextMarker>next</NextMarker>' : '',
    })),
});
