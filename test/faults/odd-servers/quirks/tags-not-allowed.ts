import { refusal, withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, answering, asks, both } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers 405 to each request for the tags of an object',
  seenOn: 'gateways before other stores',
  tool: 'notes that tags are not supported; the backup is complete',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    both(
      answering(asks('GetObjectTagging', bucket), () => refusal(405, 'MethodNotAllowed')),
      altering(asks('GetObject', bucket), (answer) =>
        withHeaders(answer, { 'x-amz-tagging-count': undefined }),
      ),
    ),
});
