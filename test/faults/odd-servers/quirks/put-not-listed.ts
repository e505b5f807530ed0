import { quirk } from '../quirk.js';

export default quirk({
  group: 'targets',
  what: 'does not list an object that was just written',
  seenOn: 'stores that become consistent later (Nextcloud issue 25946), RustFS 2026 (issue 3217)',
  tool: 'names the object, because nobody knows whether it is there',
  during: ['restore'],
  server: ({ target }) => ({
    entries: (all, bucket) =>
      bucket === target ? all.filter(({ key }) => key !== 'pages/14') : all,
  }),
  restore: { status: 'partial', failed: ['pages/14'] },
});
