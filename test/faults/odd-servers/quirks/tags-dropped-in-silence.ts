import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'accepts x-amz-tagging on a PUT, but stores no tags; an empty set comes back',
  seenOn: 'Backblaze B2 always answers an empty set (gose issue 42)',
  tool: 'reads back the first objects of each kind, and reports the tags as lost',
  during: ['restore'],
  server: () => rerouting((request) => withHeaders(request, { 'x-amz-tagging': undefined })),
  restore: { status: 'partial', failed: 'any', names: /tag/ },
});
