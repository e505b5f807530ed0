import { loginPage } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'sits behind a proxy that answers a listing with 404 and a page of its own',
  seenOn: 'ingress-nginx ("default backend - 404") while its routes are loaded',
  tool: 'names the bucket, which is not counted as deleted, and backs up the others',
  withOther: true,
  server: ({ other }) =>
    answering(asks('ListObjectsV2', other), () => ({ ...loginPage(), status: 404 })),
  full: { status: 'partial', otherFailed: { key: '', operation: 'ListObjectsV2', status: 404 } },
});
