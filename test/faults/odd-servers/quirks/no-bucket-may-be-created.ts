import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'keeps all keys as they are, but does not let this user create buckets',
  seenOn: 'R2, B2, Wasabi with keys for one bucket; every server with policies',
  tool: 'tries odd keys in the target, if the target is not versioned',
  during: ['restore'],
  objects: [plain('/slashed/1')],
  target: 'exists',
  server: () => answering(asks('CreateBucket'), () => refusal(403, 'AccessDenied')),
});
