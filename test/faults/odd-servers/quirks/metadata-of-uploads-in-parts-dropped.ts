import { noise } from '../../../helpers/seed.js';
import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { both, rerouting, writtenInParts } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'drops the metadata and headers that are sent when a multipart upload begins',
  seenOn: 'SeaweedFS 2021 (issue 2173), Eucalyptus (issue 148), Chimera 2026 (issue 482)',
  tool: 'reads back the first objects of each kind, and reports what was lost',
  objects: [
    {
      key: 'parts',
      content: noise(65 * 1024 * 1024, 'parts'),
      attributes: { headers: { 'content-type': 'video/mp4' }, metadata: { director: '宮崎' } },
    },
  ],
  server: ({ bucket }) =>
    both(
      writtenInParts(bucket, 'parts'),
      rerouting((request) =>
        request.operation === 'CreateMultipartUpload'
          ? withHeaders(request, { 'content-type': undefined, 'x-amz-meta-director': undefined })
          : request,
      ),
    ),
  restore: { status: 'partial', failed: 'any', names: /metadata/ },
});
