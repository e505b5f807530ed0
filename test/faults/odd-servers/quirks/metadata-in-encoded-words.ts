import { encodeWords } from '../../../../src/object-store/s3/wire/encoded-word.js';
import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'returns user metadata that is not ASCII as quoted words of RFC 2047',
  seenOn: 'MinIO since 2025 (pull request 21282), lakeFS (pull request 9604)',
  tool: 'decodes them',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    altering(asks(/^(?:Get|Head)Object$/, bucket, 'described'), (answer) =>
      withHeaders(answer, { 'x-amz-meta-title': encodeWords('進撃の巨人 – été') }),
    ),
});
