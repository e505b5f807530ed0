import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers 500 to every request for one object',
  seenOn: 'servers with broken disks or lost chunks',
  tool: 'retries for a while, names the object, and backs up the others',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () => refusal(500, 'InternalError')),
  full: {
    status: 'partial',
    failed: { 'pages/14': { operation: 'GetObject', status: 500, code: 'InternalError' } },
  },
});
