import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'has moved objects to cold storage: GET answers 403 InvalidObjectState',
  seenOn: 'AWS Glacier (restic issue 4583, rustic issue 1383), Scaleway',
  tool: 'names these objects, and backs up the others',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () => refusal(403, 'InvalidObjectState')),
  full: {
    status: 'partial',
    failed: { 'pages/14': { operation: 'GetObject', status: 403, code: 'InvalidObjectState' } },
  },
});
