import { refusal, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, rerouting } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'takes x-amz-tagging on a PUT, answers 200, and keeps no tags',
  seenOn: 'Garage',
  tool: 'reads back the first objects of each kind, and names the tags as lost',
  during: ['restore'],
  server: () =>
    both(
      answering(asks('GetObjectTagging'), () => refusal(501, 'NotImplemented')),
      rerouting((request) => withHeaders(request, { 'x-amz-tagging': undefined })),
    ),
  restore: { status: 'partial', failed: 'any', names: /tag/ },
});
