import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'answers an empty body where the region is asked for',
  seenOn: 'versitygw and gateways that know no regions',
  tool: 'does without: the region is a convenience',
  server: () => answering(asks('GetBucketLocation'), () => document(200, '')),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
