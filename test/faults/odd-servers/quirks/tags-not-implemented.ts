import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, nameless } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers 501 when asked for the tags of an object',
  seenOn: 'Garage, Cloudflare R2 (yopass issue 3657)',
  tool: 'records that tags are not supported; the backup is complete',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    both(
      answering(asks('GetObjectTagging', bucket), () => refusal(501, 'NotImplemented')),
      nameless(),
    ),
});
