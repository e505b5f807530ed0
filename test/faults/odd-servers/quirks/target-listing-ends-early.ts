import { quirk } from '../quirk.js';
import { paging } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'says IsTruncated=false too early when the target is listed',
  seenOn: 'RustFS 2026 (issue 3217), SeaweedFS 2022 (issue 3166)',
  tool: 'asks for keys after the last one, and goes on from there',
  during: ['restore'],
  server: () => paging((page) => ({ ...page, truncated: false, token: undefined })),
});
