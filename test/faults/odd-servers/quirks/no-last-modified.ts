import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends objects without Last-Modified',
  seenOn: 'no report: what caches and gateways may drop',
  tool: 'takes the date of the listing',
  server: () =>
    altering(asks(/^(?:Get|Head)Object$/), (answer) =>
      withHeaders(answer, { 'last-modified': undefined }),
    ),
});
