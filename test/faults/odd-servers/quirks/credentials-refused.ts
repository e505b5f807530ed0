import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering } from '../ways.js';

export default quirk({
  group: 'buckets',
  what: 'refuses the credentials for everything',
  seenOn: 'every server',
  tool: 'ends at once with exit status 6',
  server: () =>
    answering(
      () => true,
      () => refusal(403, 'InvalidAccessKeyId'),
    ),
  full: { error: 'access_denied' },
});
