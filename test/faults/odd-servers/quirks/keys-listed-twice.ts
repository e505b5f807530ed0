import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'lists a key twice in a row',
  seenOn: 'RustFS 2026 (issue 2439)',
  tool: 'takes each object once',
  server: () => ({
    entries: (all) => all.flatMap((entry) => (entry.key === 'pages/14' ? [entry, entry] : [entry])),
  }),
});
