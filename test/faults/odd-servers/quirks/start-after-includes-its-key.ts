import { quirk } from '../quirk.js';

const LONG_AGO = '2020-01-01T00:00:00.000Z';

export default quirk({
  group: 'listings',
  what: 'begins a listing with the key that start-after names',
  seenOn: 'RustFS 2025 (issue 1165)',
  tool: 'skips keys up to the last one, and reports it',
  server: () => ({
    handle: async (request, next) => {
      const after = request.query.get('start-after');
      const answer = await next(request);
      if (after === undefined || answer.page === undefined) return answer;
      const entry = { key: after, size: '700', etag: '"0"', lastModified: LONG_AGO };
      const again = { ...entry, storageClass: 'STANDARD' };
      return { ...answer, page: { ...answer.page, entries: [again, ...answer.page.entries] } };
    },
  }),
  full: { says: /start-after/ },
});
