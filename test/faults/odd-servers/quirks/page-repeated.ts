import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'gives the second page twice, under two tokens',
  seenOn: 'MEGA S4 2025 (issue 3), gateways that page by an offset while objects are written',
  tool: 'takes each object once',
  server: () => ({ entries: (all) => [...all.slice(0, 20), ...all.slice(10)] }),
});
