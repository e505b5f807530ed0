import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'drops user metadata that is not ASCII, and answers 200',
  seenOn:
    'no report of a server; OpenDAL drops it as a client (issue 6131), SeaweedFS 2022 all of it (issue 3943)',
  tool: 'reads back the first objects of each kind, and reports the metadata as lost',
  during: ['restore'],
  server: () => rerouting((request) => withHeaders(request, { 'x-amz-meta-title': undefined })),
  restore: { status: 'partial', failed: 'any', names: /metadata/ },
});
