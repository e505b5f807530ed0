import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers the GET of an object with 200 and an error document',
  seenOn: 'no report for GET: AWS documents it for copies and completions',
  tool: 'sees that this is not the object, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () => ({
      ...refusal(200, 'InternalError'),
    })),
  full: { status: 'partial', failed: { 'pages/14': {} } },
});
