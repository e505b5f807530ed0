import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering } from '../ways.js';

export default quirk({
  group: 'targets',
  what: 'refuses a PUT with x-amz-tagging (501 NotImplemented)',
  seenOn: 'Cloudflare R2 (yopass issue 3657, Velero issue 9931)',
  tool: 'names the tags or objects that could not be restored',
  during: ['restore'],
  server: () =>
    answering(
      ({ headers }) => headers['x-amz-tagging'] !== undefined,
      () => refusal(501, 'NotImplemented', "Unsupported header 'x-amz-tagging'"),
    ),
  restore: { status: 'partial', failed: 'any', names: /tag/ },
});
