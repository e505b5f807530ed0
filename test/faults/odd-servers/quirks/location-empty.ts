import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'answers an empty body where the region is asked for',
  seenOn: 'no report: what a gateway that knows no regions may answer',
  tool: 'does without: the region is a convenience',
  server: () => answering(asks('GetBucketLocation'), () => document(200, '')),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
