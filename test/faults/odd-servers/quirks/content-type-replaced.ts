import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'replaces the content type and drops Cache-Control, and answers 200',
  seenOn: 'SeaweedFS 2022 (issue 3943)',
  tool: 'reads back the first objects of each kind, and reports the headers as lost',
  during: ['restore'],
  server: () =>
    rerouting((request) =>
      request.operation === 'PutObject'
        ? withHeaders(request, {
            'content-type': 'application/octet-stream',
            'cache-control': undefined,
          })
        : request,
    ),
  restore: { status: 'partial', failed: 'any', names: /content-type|header/ },
});
