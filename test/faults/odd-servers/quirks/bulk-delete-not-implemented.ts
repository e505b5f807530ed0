import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'answers 501 when many objects are deleted in one request',
  seenOn: 'Google Cloud Storage (mc issue 4778), Riak CS (issue 549), MEGA S4 (issue 5)',
  tool: 'deletes them one by one',
  during: ['restore'],
  target: 'has extras',
  server: () =>
    answering(asks('DeleteObjects'), () =>
      refusal(501, 'NotImplemented', 'POST ?delete is not implemented.'),
    ),
  restore: { deleted: 2 },
});
