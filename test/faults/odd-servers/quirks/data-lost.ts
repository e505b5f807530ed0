import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'lists an object and finds it by HEAD, but answers 404 to its GET',
  seenOn:
    'Ceph with lost data (rclone issue 452), MinIO (issues 15040, 6163), an encrypting gateway (issue 217)',
  tool: 'names the object as one that failed; it has not vanished',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObject', bucket, 'pages/14'), () => refusal(404, 'NoSuchKey')),
  full: {
    status: 'partial',
    failed: { 'pages/14': { operation: 'GetObject', status: 404, code: 'NoSuchKey' } },
  },
  restore: { status: 'partial', failed: ['pages/14'] },
});
