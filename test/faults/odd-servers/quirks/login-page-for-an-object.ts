import { loginPage, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sits behind a proxy that answers the GET of an object with 200 and a login page',
  seenOn: 'oauth2-proxy and other logins in front of a store',
  tool: 'sees that this is not the object, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () =>
      withHeaders(loginPage(), { 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' }),
    ),
  full: { status: 'partial', failed: { 'pages/14': {} } },
});
