import { withoutQuery } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { both, paging, rerouting } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=false after two pages, and ignores start-after',
  seenOn: 'both seen, on RustFS (issues 3217, 1165) and on gateways that know no start-after',
  tool: 'asks for each object of the backup before by its name, and keeps those that are there',
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
