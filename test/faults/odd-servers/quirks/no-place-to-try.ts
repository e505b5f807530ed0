import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'does not let this user create buckets, and the target is versioned',
  seenOn: 'AWS, MinIO and others with narrow policies',
  tool: 'tries nothing, because it would stay as an old version; leaves odd keys out and names each',
  during: ['restore'],
  objects: [plain('/slashed/1')],
  target: 'versioned',
  server: () => answering(asks('CreateBucket'), () => refusal(403, 'AccessDenied')),
  restore: { status: 'partial', failed: ['/slashed/1'] },
});
