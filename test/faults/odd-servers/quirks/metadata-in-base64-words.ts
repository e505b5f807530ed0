import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'returns user metadata that is not ASCII as base64 words of RFC 2047',
  seenOn: 'AWS (which documents it; botocore issue 2552)',
  tool: 'decodes them',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks(/^(?:Get|Head)Object$/, bucket, 'described'), (answer) =>
      withHeaders(answer, {
        server: 'AmazonS3',
        'x-amz-meta-title': `=?UTF-8?B?${Buffer.from('進撃の巨人 – été').toString('base64')}?=`,
      }),
    ),
});
