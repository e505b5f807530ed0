import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, writtenInParts } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'always answers the completion of a multipart upload with 200 and an error document',
  seenOn: 'AWS documents it (arrow-rs issue 122, duckdb-httpfs pull request 393)',
  tool: 'reads the document, tries again, and names the object',
  objects: [plain('parts', 65 * 1024 * 1024)],
  server: ({ bucket }) =>
    both(
      writtenInParts(bucket, 'parts'),
      answering(asks('CompleteMultipartUpload'), () => refusal(200, 'InternalError')),
    ),
  restore: { status: 'partial', failed: ['parts'] },
});
