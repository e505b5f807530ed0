import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'refuses to list the buckets',
  seenOn: 'R2, B2 and Wasabi with keys for one bucket',
  tool: 'needs no such list if each bucket is named with --bucket',
  server: () => answering(asks('ListBuckets'), () => refusal(403, 'AccessDenied')),
});
