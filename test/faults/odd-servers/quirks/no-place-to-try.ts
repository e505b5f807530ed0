import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'lets nobody create a bucket, and the target keeps versions',
  seenOn: 'AWS, MinIO and others with narrow policies',
  tool: 'tries nothing out where it would stay, and leaves odd keys out, each named',
  during: ['restore'],
  objects: [plain('/slashed/1')],
  target: 'versioned',
  server: () => answering(asks('CreateBucket'), () => refusal(403, 'AccessDenied')),
  restore: { status: 'partial', failed: ['/slashed/1'] },
});
