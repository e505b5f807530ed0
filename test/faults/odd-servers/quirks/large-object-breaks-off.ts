import { noise } from '../../../helpers/seed.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'always breaks off a large object after 6 MiB',
  seenOn: 'every server behind a proxy with a time limit',
  tool: 'continues from the byte where it broke off',
  during: ['full'],
  objects: [{ key: 'large', content: noise(9 * 1024 * 1024, 'large') }],
  server: ({ bucket }) =>
    altering(asks('GetObject', bucket, 'large'), (answer, { headers }) =>
      headers.range === undefined ? { ...answer, cutAfter: 6 * 1024 * 1024 } : answer,
    ),
});
