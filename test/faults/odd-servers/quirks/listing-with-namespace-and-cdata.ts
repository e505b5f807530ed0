import { pageXml } from '../../../helpers/odd-listing.js';
import { document } from '../../../helpers/odd-messages.js';
import { quirk } from '../quirk.js';
import { altering, asks } from '../ways.js';

function unusual(xml: string): string {
  return xml
    .replace(/<Key>([^<]*)<\/Key>/g, (_, key: string) => `<Key><![CDATA[${key}]]></Key>`)
    .replace(/<(\/?)([A-Z])/g, '<$1s3:$2')
    .replace('xmlns=', 'xmlns:s3=');
}

export default quirk({
  group: 'listings',
  what: 'writes listings with a namespace prefix, and keys as CDATA',
  seenOn: 'no report: possible with gateways that use other XML libraries',
  tool: 'accepts any equivalent XML',
  server: () =>
    altering(asks('ListObjectsV2'), (answer, { bucket }) =>
      answer.page === undefined ? answer : document(200, unusual(pageXml(bucket, answer.page))),
    ),
});
