import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'deletes many objects in one request, and its answer names none of them',
  seenOn: 'Baidu BOS (AutoMQ pull request 1028), servers that are always quiet',
  tool: 'deletes what is not named again, one by one',
  during: ['restore'],
  target: 'has extras',
  server: () =>
    altering(asks('DeleteObjects'), () => document(200, '<DeleteResult></DeleteResult>')),
  restore: { deleted: 2 },
});
