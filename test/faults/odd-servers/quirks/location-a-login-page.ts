import { loginPage } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'has a proxy before it that answers a login page where the region is asked for',
  seenOn: 'oauth2-proxy and other logins before a store',
  tool: 'does without: the region is a convenience',
  server: () => answering(asks('GetBucketLocation'), () => loginPage()),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
