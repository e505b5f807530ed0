import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'answers 404 or 403 to the HEAD of objects that GET finds',
  seenOn: 'RustFS 2026 (issue 2933), MinIO before 2020 for keys that end in / (issue 4434)',
  tool: 'reads objects with GET only',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('HeadObject', bucket, 'pages/14', 'described'), ({ key }) =>
      key === 'described' ? refusal(404, 'NotFound') : refusal(403, 'Forbidden'),
    ),
});
