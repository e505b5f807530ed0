import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=true and gives no NextContinuationToken, but NextMarker as ListObjects does',
  seenOn: 'RustFS 2026 (issue 1596), Ceph 2020 (awscr-s3 issue 71)',
  tool: 'goes on behind the last key',
  server: () =>
    paging((page) => ({
      ...page,
      token: undefined,
      more: page.truncated ? '<NextMarker>next</NextMarker>' : '',
    })),
});
