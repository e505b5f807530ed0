import { pageXml } from '../../../helpers/odd-listing.js';
import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

export default quirk({
  group: 'listings',
  what: 'leaves out IsTruncated where it is false',
  seenOn: 'gofakes3 2019 (issue 40)',
  tool: 'takes it for false, and asks for what comes behind the last key as always',
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
