import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, renaming } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'stores /x as x, and does not let this user create buckets',
  seenOn: 'MinIO (issue 17356) with a narrow policy',
  tool: 'tries odd keys in the target, and leaves out those that it would rename',
  during: ['restore'],
  objects: [plain('/slashed/1'), plain('slashed/1')],
  target: 'exists',
  server: () =>
    both(
      answering(asks('CreateBucket'), () => refusal(403, 'AccessDenied')),
      renaming((key) => key.replace(/^\/+/, '')),
    ),
  restore: { status: 'partial', failed: ['/slashed/1'] },
});
