import { pageXml } from '../../../helpers/odd-listing.js';
import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'sends the first half of a page as if it were the whole, once',
  seenOn: 'no report: what proxies with a buffer limit may do',
  tool: 'asks for the page again',
  server: () => {
    let isFirst = true;
    return altering(asks('ListObjectsV2'), (answer, { bucket }) => {
      if (!isFirst || answer.page === undefined) return answer;
      isFirst = false;
      const xml = pageXml(bucket, answer.page);
      return document(200, xml.slice(0, xml.length / 2));
    });
  },
});
