import { refusal } from '../../../helpers/odd-messages.js';
import { plain } from '../content.js';
import { quirk } from '../quirk.js';
import { answering, asks, both, writtenInParts } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'answers the completion of a multipart upload with 200 and an error document, once',
  seenOn: 'AWS documents it (arrow-rs issue 122, duckdb-httpfs pull request 393)',
  tool: 'reads the document, and tries again',
  objects: [plain('parts', 5 * 1024 * 1024 + 100)],
  server: ({ bucket }) => {
    let failures = 1;
    return both(
      writtenInParts(bucket, 'parts'),
      answering(
        (request) => asks('CompleteMultipartUpload')(request) && failures-- > 0,
        () => refusal(200, 'InternalError'),
      ),
    );
  },
});
