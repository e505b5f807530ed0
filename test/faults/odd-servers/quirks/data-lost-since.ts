import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'lost the data of an object after the last backup: the object is listed, but GET answers 404',
  seenOn: 'Ceph and MinIO with lost disks (rclone issue 452, MinIO issue 15040)',
  tool: 'takes the copy from the previous backup, and says since when the object cannot be read',
  during: ['incremental', 'again'],
  server: ({ bucket }) =>
    answering(asks(/^(?:Get|Head)Object$/, bucket, 'pages/14', 'pages/12'), () =>
      refusal(404, 'NoSuchKey'),
    ),
  incremental: {
    status: 'partial',
    held: ['pages/12', 'pages/14'],
    failed: { 'pages/12': { status: 404, carried_from: /full|incremental/ } },
  },
  again: {
    status: 'partial',
    held: ['pages/12', 'pages/14'],
    failed: {
      'pages/12': { status: 404, carried_from: /full|incremental/ },
      'pages/14': { status: 404, carried_from: /full|incremental/ },
    },
  },
});
