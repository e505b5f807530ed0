import { noise } from '../../../helpers/seed.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'objects',
  what: 'breaks off a large object after 6 MiB, each time that it is asked for as a whole',
  seenOn: 'every server behind a proxy with a time limit',
  tool: 'goes on from the byte where it broke',
  during: ['full'],
  objects: [{ key: 'large', content: noise(9 * 1024 * 1024, 'large') }],
  server: ({ bucket }) =>
    altering(asks('GetObject', bucket, 'large'), (answer, { headers }) =>
      headers.range === undefined ? { ...answer, cutAfter: 6 * 1024 * 1024 } : answer,
    ),
});
