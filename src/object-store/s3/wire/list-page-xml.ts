import { compareKeys } from '../../../key-order.js';
import { plainEtag } from './header-text.js';
import { percentDecode } from './percent-encoding.js';
import type { ListedObject, ListPage } from '../../port.js';
import { UnexpectedAnswer } from '../../unexpected-answer.js';
import { child, children, decodeEntities, parseXml, textOf, type XmlTree } from './xml.js';

/**
 * Parses the answer to ListObjectsV2. The entries are flat and make up most of the text, so they
 * are cut out by pattern, ten times as fast as a parser; the rest is parsed. An answer with unusual
 * syntax (CDATA, attributes, prefixes) is parsed as a whole. Pure.
 */

const OPEN = '<Contents>';
const CLOSE = '</Contents>';
const FIELD = /<(Key|LastModified|ETag|Size)>([^<]*)<\/\1>/g;

const STANDARD = '<StorageClass>STANDARD</StorageClass>';
const STORAGE_CLASS = /<StorageClass>([^<]*)<\/StorageClass>/;

type Fields = Partial<Record<string, string>>;

/**
 * Returns `null` if the text is not a ListBucketResult. Throws `UnexpectedAnswer` if an object
 * lacks a field or the prefix, or if the listing continues at an unknown place.
 */
export function parseListPage(xml: string, prefix = ''): ListPage | null {
  const { entries, rest } = xml.includes('<!') ? { entries: [], rest: xml } : cutEntries(xml);
  const root = parseXml(rest, 'ListBucketResult');
  if (root === null) return null;
  if (children(root, 'CommonPrefixes').length > 0) {
    throw new UnexpectedAnswer(
      'answered with a listing that folds keys into common prefixes, which was not requested',
    );
  }
  const parsed = children(root, 'Contents').map((entry) => parsedFields(entry));
  const encoded = textOf(root, 'EncodingType') === 'url';
  const objects = [...entries, ...parsed].map((fields) => listedObject(fields, encoded));
  const stranger = objects.find(({ key }) => !key.startsWith(prefix));
  if (stranger !== undefined) {
    const names = `${JSON.stringify(stranger.key)}, which does not begin with ${JSON.stringify(prefix)}`;
    throw new UnexpectedAnswer(`answered with a listing that has ${names}`);
  }
  return { objects, ...continuationOf(root, objects) };
}

/** Returns where the listing continues: at the server's token, or after the last key. */
function continuationOf(
  root: XmlTree,
  objects: ListedObject[],
): Pick<ListPage, 'nextToken' | 'continueAfter'> {
  const truncated = textOf(root, 'IsTruncated')?.trim().toLowerCase() ?? '';
  if (truncated === 'false') return { nextToken: null };
  const nextToken = textOf(root, 'NextContinuationToken') ?? '';
  if (truncated === 'true' && nextToken !== '') return { nextToken };
  const last = objects.at(-1);
  if (last === undefined && truncated === '') return { nextToken: null };
  if (last === undefined || !isAscending(objects)) {
    throw new UnexpectedAnswer(
      'answered with a listing that goes on, but without a NextContinuationToken',
    );
  }
  return { nextToken: null, continueAfter: { key: last.key, isCertain: truncated === 'true' } };
}

/** Whether the keys ascend: only then do all remaining keys follow the last one. */
function isAscending(objects: ListedObject[]): boolean {
  return objects.every(
    ({ key }, index) => index === 0 || compareKeys(objects[index - 1]?.key ?? '', key) < 0,
  );
}

function cutEntries(xml: string): { entries: Fields[]; rest: string } {
  const entries: Fields[] = [];
  const rest: string[] = [];
  let from = 0;
  for (;;) {
    const open = xml.indexOf(OPEN, from);
    const close = open < 0 ? -1 : xml.indexOf(CLOSE, open);
    if (close < 0) break;
    rest.push(xml.slice(from, open));
    entries.push(fieldsOf(xml.slice(open + OPEN.length, close)));
    from = close + CLOSE.length;
  }
  rest.push(xml.slice(from));
  return { entries, rest: rest.join('') };
}

function fieldsOf(entry: string): Fields {
  const fields: Fields = {};
  for (const [, name = '', value = ''] of entry.matchAll(FIELD)) {
    fields[name] = decodeEntities(value);
  }
  // Nearly all objects are STANDARD, which is not recorded; this check is cheaper than the pattern.
  if (!entry.includes(STANDARD)) {
    const storageClass = STORAGE_CLASS.exec(entry)?.[1];
    if (storageClass !== undefined) fields.StorageClass = decodeEntities(storageClass);
  }
  return fields;
}

function parsedFields(entry: XmlTree): Fields {
  const fields: Fields = {};
  for (const name of ['Key', 'LastModified', 'ETag', 'Size', 'StorageClass']) {
    if (child(entry, name) !== undefined) fields[name] = textOf(entry, name) ?? '';
  }
  return fields;
}

function listedObject(fields: Fields, encoded: boolean): ListedObject {
  const { Key: key, LastModified: lastModified, Size: size = '' } = fields;
  const sizeBytes = /^\d+$/.test(size) ? Number(size) : Infinity;
  const lacking =
    key === undefined
      ? 'a Key'
      : lastModified === undefined
        ? 'a LastModified'
        : Number.isSafeInteger(sizeBytes)
          ? undefined
          : 'a Size';
  if (key === undefined || lastModified === undefined || lacking !== undefined) {
    const which = key === undefined ? '' : ` (${key})`;
    throw new UnexpectedAnswer(
      `answered with a listing of an object without ${lacking ?? ''}${which}`,
    );
  }
  const storageClass = fields.StorageClass ?? '';
  return {
    key: encoded ? percentDecode(key) : key,
    sizeBytes,
    etag: plainEtag(fields.ETag ?? ''),
    lastModified,
    ...(storageClass === '' || storageClass === 'STANDARD' ? {} : { storageClass }),
  };
}
