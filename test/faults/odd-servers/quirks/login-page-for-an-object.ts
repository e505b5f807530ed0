import { loginPage, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'has a proxy before it that answers the GET of an object with 200 and a login page',
  seenOn: 'oauth2-proxy and other logins before a store',
  tool: 'does not take it for the object, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () =>
      withHeaders(loginPage(), { 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' }),
    ),
  full: { status: 'partial', failed: { 'pages/14': {} } },
  restore: { status: 'partial', failed: ['pages/14'] },
});
