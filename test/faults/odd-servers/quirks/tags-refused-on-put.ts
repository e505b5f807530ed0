import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'refuses a PUT with x-amz-tagging (400 InvalidArgument)',
  seenOn: 'Backblaze B2 (s3proxy issue 34, Velero pull request 304)',
  tool: 'names the tags or objects that could not be restored',
  during: ['restore'],
  server: () =>
    answering(
      ({ headers }) => headers['x-amz-tagging'] !== undefined,
      () => refusal(400, 'InvalidArgument', "Unsupported header 'x-amz-tagging'"),
    ),
  restore: { status: 'partial', failed: 'any', names: /tag/ },
});
