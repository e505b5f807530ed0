import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends objects without Last-Modified',
  seenOn: 'no report: possible with caches and gateways',
  tool: 'takes the date from the listing',
  server: () =>
    altering(asks(/^(?:Get|Head)Object$/), (answer) =>
      withHeaders(answer, { 'last-modified': undefined }),
    ),
});
