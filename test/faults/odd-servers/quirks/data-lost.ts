import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'lists an object and finds it by HEAD, but answers 404 to GET',
  seenOn:
    'Ceph with lost data (rclone issue 452), MinIO (issues 15040, 6163), an encrypting gateway (issue 217)',
  tool: 'counts the object as failed, not as vanished, and names it',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () => refusal(404, 'NoSuchKey')),
  full: {
    status: 'partial',
    failed: { 'pages/14': { operation: 'GetObject', status: 404, code: 'NoSuchKey' } },
  },
});
