import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

const DOCUMENTS =
  /^GetBucket(?:Policy|Versioning|Tagging|Life|Cors|Encryption|Notif|Repl)|^GetObjectLockConf/;

export default quirk({
  group: 'buckets',
  what: 'answers 501 when asked for a policy, versioning, tags or another setting of a bucket',
  seenOn: 'Garage, versitygw (lifecycle)',
  tool: 'records that they are not supported; the backup is complete',
  server: () => answering(asks(DOCUMENTS), () => refusal(501, 'NotImplemented')),
});
