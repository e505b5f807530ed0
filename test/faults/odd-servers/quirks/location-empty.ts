import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'answers with an empty body when asked for the region',
  seenOn: 'no report: possible with a gateway that has no regions',
  tool: 'does without the region',
  server: () => answering(asks('GetBucketLocation'), () => document(200, '')),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
