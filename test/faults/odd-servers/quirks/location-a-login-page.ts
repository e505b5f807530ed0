import { loginPage } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'sits behind a proxy that answers with a login page when asked for the region',
  seenOn: 'oauth2-proxy and other logins in front of a store',
  tool: 'does without the region',
  server: () => answering(asks('GetBucketLocation'), () => loginPage()),
  full: { atMost: { requests: 2, which: asks('GetBucketLocation') } },
});
