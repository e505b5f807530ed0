import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'gives the second page twice, under two tokens',
  seenOn: 'no report: what a server that pages by an offset does while objects are written',
  tool: 'takes each object once',
  server: () => ({ entries: (all) => [...all.slice(0, 20), ...all.slice(10)] }),
});
