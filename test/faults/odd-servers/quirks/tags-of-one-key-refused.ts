import { refusal } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { answering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'sends all objects, but refuses the tags of two of them (403 and 410)',
  seenOn: 'AWS if a policy lacks s3:GetObjectTagging',
  tool: 'backs up the bytes, and reports the tags as missing',
  during: ['full', 'incremental'],
  server: ({ bucket }) =>
    answering(asks('GetObjectTagging', bucket, 'tagged/1', 'tagged/2'), ({ key }) =>
      key === 'tagged/1' ? refusal(403, 'AccessDenied') : refusal(410, 'Gone'),
    ),
  full: {
    status: 'partial',
    failed: {
      'tagged/1': {
        part: 'tags',
        operation: 'GetObjectTagging',
        status: 403,
        code: 'AccessDenied',
      },
      'tagged/2': { part: 'tags', operation: 'GetObjectTagging', status: 410 },
    },
  },
});
