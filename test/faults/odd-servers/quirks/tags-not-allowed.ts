import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, nameless } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers 405 when asked for the tags of an object',
  seenOn: 'no report: possible with gateways in front of other stores',
  tool: 'records that tags are not supported; the backup is complete',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    both(
      answering(asks('GetObjectTagging', bucket), () => refusal(405, 'MethodNotAllowed')),
      nameless(),
    ),
});
