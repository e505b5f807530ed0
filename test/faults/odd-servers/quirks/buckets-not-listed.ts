import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'does not list the buckets',
  seenOn: 'R2, B2 and Wasabi with keys for one bucket',
  tool: 'needs no list where the bucket is named',
  server: () => answering(asks('ListBuckets'), () => refusal(403, 'AccessDenied')),
});
