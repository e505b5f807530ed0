import { pageXml } from '../../../helpers/odd-listing.js';
import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'leaves out IsTruncated when it is false',
  seenOn: 'gofakes3 2019 (issue 40)',
  tool: 'treats it as false, and asks for keys after the last one, as always',
  server: () =>
    altering(asks('ListObjectsV2'), (answer, { bucket }) =>
      answer.page === undefined
        ? answer
        : document(
            200,
            pageXml(bucket, answer.page).replace('<IsTruncated>false</IsTruncated>', ''),
          ),
    ),
});
