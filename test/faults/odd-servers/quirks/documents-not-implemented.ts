import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

const DOCUMENTS =
  /^GetBucket(?:Policy|Versioning|Tagging|Life|Cors|Encryption|Notif|Repl)|^GetObjectLockConf/;

export default quirk({
  group: 'buckets',
  what: 'answers 501 to each request for a policy, versioning, tags or another document of a bucket',
  seenOn: 'Garage, versitygw (lifecycle)',
  tool: 'notes that they are not supported; the backup is complete',
  server: () => answering(asks(DOCUMENTS), () => refusal(501, 'NotImplemented')),
});
