import { percentDecode } from './header-text.js';
import type { ListedObject, ListPage } from './port.js';
import { child, children, decodeEntities, parseXml, textOf, type XmlTree } from './xml.js';

/**
 * Reads the answer to ListObjectsV2. Entries are flat and by far most of the text, so they are cut
 * out by pattern (ten times the speed of a parser); what is left is parsed. An answer written in an
 * unusual way (CDATA, attributes, prefixes) is parsed whole. Pure.
 */

const ENTRY = /<Contents>([\s\S]*?)<\/Contents>/g;
const FIELD = /<(Key|LastModified|ETag|Size)>([^<]*)<\/\1>/g;

/** `null` where the text is no ListBucketResult, or one that names an object without its fields. */
export function parseListPage(xml: string): ListPage | null {
  const entries: Partial<Record<string, string>>[] = [];
  const unusual = xml.includes('<!');
  const rest = unusual
    ? xml
    : xml.replace(ENTRY, (_, inner: string) => {
        entries.push(fieldsOf(inner));
        return '';
      });
  const root = parseXml(rest, 'ListBucketResult');
  if (root === null) return null;
  const parsed = children(root, 'Contents').map((entry) => parsedFields(entry));
  const encoded = textOf(root, 'EncodingType') === 'url';
  const objects: ListedObject[] = [];
  for (const fields of [...entries, ...parsed]) {
    const object = listedObject(fields, encoded);
    if (object === null) return null;
    objects.push(object);
  }
  const truncated = textOf(root, 'IsTruncated');
  if (truncated === 'false') return { objects, nextToken: null };
  if (truncated !== 'true') return null;
  // A listing that goes on, but not from where, cannot be finished: better no answer than a part.
  const nextToken = textOf(root, 'NextContinuationToken');
  return nextToken === undefined || nextToken === '' ? null : { objects, nextToken };
}

function fieldsOf(entry: string): Partial<Record<string, string>> {
  const fields: Partial<Record<string, string>> = {};
  for (const [, name = '', value = ''] of entry.matchAll(FIELD)) {
    fields[name] = decodeEntities(value);
  }
  return fields;
}

function parsedFields(entry: XmlTree): Partial<Record<string, string>> {
  const fields: Partial<Record<string, string>> = {};
  for (const name of ['Key', 'LastModified', 'ETag', 'Size']) {
    if (child(entry, name) !== undefined) fields[name] = textOf(entry, name) ?? '';
  }
  return fields;
}

function listedObject(
  fields: Partial<Record<string, string>>,
  encoded: boolean,
): ListedObject | null {
  const { Key: key, LastModified: lastModified, Size: size } = fields;
  if (key === undefined || lastModified === undefined || size === undefined) return null;
  if (!/^\d+$/.test(size)) return null;
  return {
    key: encoded ? percentDecode(key) : key,
    sizeBytes: Number(size),
    etag: (fields.ETag ?? '').replace(/^"|"$/g, ''),
    lastModified,
  };
}
