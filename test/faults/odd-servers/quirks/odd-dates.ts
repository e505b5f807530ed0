import { withHeaders } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'writes dates in other formats: RFC 3339 in headers, an offset and no fraction in listings',
  seenOn: 'no report: possible with gateways over other clouds',
  tool: 'reads all of them',
  server: () =>
    altering(
      () => true,
      (answer) => {
        const modified = answer.headers['last-modified'];
        if (modified !== undefined) {
          return withHeaders(answer, { 'last-modified': new Date(modified).toISOString() });
        }
        if (answer.page === undefined) return answer;
        const entries = answer.page.entries.map((entry) => ({
          ...entry,
          lastModified: entry.lastModified.replace(/(?:\.\d+)?Z$/, '+00:00'),
        }));
        return { ...answer, page: { ...answer.page, entries } };
      },
    ),
});
