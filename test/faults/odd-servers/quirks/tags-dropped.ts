import { refusal, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'accepts x-amz-tagging on a PUT and answers 200, but stores no tags',
  seenOn: 'Garage',
  tool: 'reads back the first objects of each kind, and reports the tags as lost',
  during: ['restore'],
  server: () =>
    both(
      answering(asks('GetObjectTagging'), () => refusal(501, 'NotImplemented')),
      rerouting((request) => withHeaders(request, { 'x-amz-tagging': undefined })),
    ),
  restore: { status: 'partial', failed: 'any', names: /tag/ },
});
