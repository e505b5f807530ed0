import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'sends the second page twice, under two tokens',
  seenOn: 'no report: possible when a server pages by offset while objects are written',
  tool: 'takes each object once',
  server: () => ({ entries: (all) => [...all.slice(0, 20), ...all.slice(10)] }),
});
