import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'leaves out user metadata that no header can carry, and counts it in x-amz-missing-meta',
  seenOn: 'AWS, which documents it for metadata that no header can carry',
  tool: 'reports the metadata as lost',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks(/^(?:Get|Head)Object$/, bucket, 'described'), (answer) =>
      withHeaders(answer, { 'x-amz-meta-title': undefined, 'x-amz-missing-meta': '1' }),
    ),
});
