import { pageXml } from '../../../helpers/odd-listing.js';
import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'once sends the first half of a page as if it were the whole page',
  seenOn: 'no report: possible with proxies that limit their buffers',
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
