import { quirk } from '../quirk.js';
import { tellingEtags } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'writes ETags in upper case',
  seenOn: 'Alibaba OSS, Tencent COS (s3cmd issue 1098, s3ql pull request 403)',
  tool: 'compares them as they are',
  server: () => tellingEtags((etag) => `"${etag.toUpperCase()}"`),
  incremental: { capturedAtMost: 5 },
});
