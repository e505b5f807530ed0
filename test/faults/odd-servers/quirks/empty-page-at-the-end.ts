import { quirk } from '../quirk.js';

export default quirk({
  group: 'listings',
  what: 'says IsTruncated=true on the last page, and then sends an empty page',
  seenOn: 'MinIO 2024 (minio-js issue 1314), versitygw 2024 (issue 770)',
  tool: 'reads the empty page, and ends the listing',
  server: () => ({
    handle: async (request, next) => {
      const answer = await next(request);
      const { page } = answer;
      if (page === undefined || page.truncated || page.entries.length === 0) return answer;
      return { ...answer, page: { ...page, truncated: true, token: 'from-999999' } };
    },
  }),
});
