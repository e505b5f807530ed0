import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'deletes many objects at once, and names none of them in its answer',
  seenOn: 'Baidu BOS (AutoMQ pull request 1028), servers that are always quiet',
  tool: 'deletes again one by one what is not named',
  during: ['restore'],
  target: 'has extras',
  server: () =>
    altering(asks('DeleteObjects'), () => document(200, '<DeleteResult></DeleteResult>')),
  restore: { deleted: 2 },
});
