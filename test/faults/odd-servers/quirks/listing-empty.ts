import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'answers the listing of a full bucket with 200 and no objects',
  seenOn: 'RustFS 2026 (issue 3217, full miss), SeaweedFS 2026 (pull request 10280)',
  tool: 'keeps what it finds by name, and says that the listing is incomplete',
  during: ['incremental', 'again'],
  server: ({ bucket }) => ({ entries: (all, of) => (of === bucket ? [] : all) }),
  incremental: {
    status: 'partial',
    failed: 'any',
    says: /leaves? out/,
    held: ['pages/14', 'tagged/1'],
  },
  again: { status: 'partial', failed: 'any', says: /leaves? out/, held: ['pages/14', 'tagged/1'] },
  beyond: ['pages/20-new', 'zzz-new'],
});
