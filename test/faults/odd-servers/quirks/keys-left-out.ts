import { quirk } from '../quirk.js';

const HIDDEN = ['pages/14', 'pages/15', 'described'];

export default quirk({
  group: 'listings',
  what: 'leaves keys out of its listings that HEAD and GET find',
  seenOn: 'RustFS 2026 (issue 3217), SeaweedFS 2026 (issue 10652)',
  tool: 'looks up the missing objects of the previous backup by name, keeps those that exist, and says that the listing is incomplete',
  during: ['incremental', 'again'],
  server: () => ({ entries: (all) => all.filter(({ key }) => !HIDDEN.includes(key)) }),
  incremental: { status: 'partial', failed: 'any', says: /leaves? out/, held: HIDDEN },
  again: { status: 'partial', failed: 'any', says: /leaves? out/, held: HIDDEN },
});
