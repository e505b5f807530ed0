import { loginPage } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'sits behind a proxy that answers a listing with 200 and a login page',
  seenOn:
    'oauth2-proxy and other logins in front of a store; Garage on its web port (aeroftp issue 122)',
  tool: 'names the bucket at once, and backs up the others',
  withOther: true,
  server: ({ other }) => answering(asks('ListObjectsV2', other), () => loginPage()),
  full: {
    status: 'partial',
    otherFailed: { key: '', operation: 'ListObjectsV2' },
    atMost: {
      requests: 8,
      which: (request, { other }) => asks('ListObjectsV2', other)(request),
    },
  },
});
