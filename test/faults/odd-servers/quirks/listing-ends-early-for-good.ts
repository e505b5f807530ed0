import { withoutQuery } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { both, paging, rerouting } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=false after two pages, and ignores start-after',
  seenOn: 'each seen alone: RustFS (issues 3217, 1165), gateways without start-after',
  tool: 'looks up each object of the previous backup by name, and keeps those that exist',
  during: ['incremental', 'again'],
  server: () =>
    both(
      rerouting((request) => withoutQuery(request, 'start-after')),
      paging((page, { query }) =>
        query.has('continuation-token') ? { ...page, truncated: false, token: undefined } : page,
      ),
    ),
  incremental: {
    status: 'partial',
    failed: 'any',
    says: /leaves? out/,
    held: ['pages/33', 'tagged/1'],
  },
  again: { status: 'partial', failed: 'any', says: /leaves? out/, held: ['pages/33', 'tagged/1'] },
  beyond: ['zzz-new'],
});
