import { withoutQuery } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { rerouting } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'ignores start-after, and lists from the beginning',
  seenOn: 's3rver before 2019 (pull request 424), gateways that translate another protocol',
  tool: 'skips keys up to the last one, and reports it',
  server: () => rerouting((request) => withoutQuery(request, 'start-after')),
  full: { says: /start-after/ },
});
