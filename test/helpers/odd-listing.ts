import { compareKeys } from '../../src/key-order.js';
import { percentDecode, percentEncode } from '../../src/object-store/s3/wire/percent-encoding.js';
import { decodeEntities, escapeXml } from '../../src/object-store/s3/wire/xml.js';
import type { OddRequest } from './odd-messages.js';

/** One object in a listing, every field as it stands in the document. */
export interface Entry {
  key: string;
  size: string;
  /** With its quotes. */
  etag: string;
  lastModified: string;
  storageClass: string;
}

export interface Page {
  entries: Entry[];
  truncated: boolean;
  token: string | undefined;
  /** How keys are written: as was asked for, or otherwise. */
  encoding: 'url' | 'plus' | 'none';
  /** More elements, as they are. */
  more: string;
}

/** Small, so that a small store has some pages. */
const PAGE_SIZE = 10;

const ENTRY = /<Contents>([\s\S]*?)<\/Contents>/g;

/** The entries of a server's own page, asked for with `encoding-type=url`, and its next token. */
export function readEntries(xml: string): { entries: Entry[]; token: string | undefined } {
  const entries = Array.from(xml.matchAll(ENTRY), ([, inner = '']) => ({
    key: percentDecode(fieldIn(inner, 'Key') ?? ''),
    size: fieldIn(inner, 'Size') ?? '',
    etag: fieldIn(inner, 'ETag') ?? '',
    lastModified: fieldIn(inner, 'LastModified') ?? '',
    storageClass: fieldIn(inner, 'StorageClass') ?? 'STANDARD',
  }));
  return { entries, token: fieldIn(xml, 'NextContinuationToken') };
}

function fieldIn(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : decodeEntities(text);
}

/** The page that a request asks for, of a listing in the server's order. */
export function pageOf(all: readonly Entry[], { query }: Pick<OddRequest, 'query'>): Page {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('start-after');
  const token = query.get('continuation-token');
  const size = Math.min(PAGE_SIZE, Number(query.get('max-keys') ?? PAGE_SIZE));
  const first = token === undefined ? 0 : positionOf(token, all);
  const isWanted = ({ key }: Entry, index: number): boolean => {
    if (!key.startsWith(prefix)) return false;
    if (token !== undefined) return index >= first;
    return after === undefined || compareKeys(key, after) > 0;
  };
  const wanted = [...all.entries()].filter(([index, entry]) => isWanted(entry, index));
  const further = wanted[size];
  return {
    entries: wanted.slice(0, size).map(([, entry]) => ({ ...entry })),
    truncated: further !== undefined,
    token: further === undefined ? undefined : tokenFor(...further),
    encoding: query.get('encoding-type') === 'url' ? 'url' : 'none',
    more: '',
  };
}

function tokenFor(index: number, { key }: Entry): string {
  return `from-${index}-${Buffer.from(key).toString('hex')}`;
}

/**
 * The entry that a token names, wherever writes since then have moved it, or the place where it was.
 * The index alone tells entries of one key apart, as a server may list them.
 */
function positionOf(token: string, all: readonly Entry[]): number {
  const [, index, hex = ''] = token.split('-');
  if (hex === '') return Number(index);
  const key = Buffer.from(hex, 'hex').toString();
  if (all[Number(index)]?.key === key) return Number(index);
  const position = all.findIndex((entry) => compareKeys(entry.key, key) >= 0);
  return position === -1 ? all.length : position;
}

export function pageXml(bucket: string, page: Page): string {
  const { entries, truncated, token, encoding, more } = page;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<Name>${bucket}</Name><Prefix></Prefix><KeyCount>${entries.length}</KeyCount>`,
    '<MaxKeys>1000</MaxKeys>',
    encoding === 'none' ? '' : '<EncodingType>url</EncodingType>',
    `<IsTruncated>${truncated}</IsTruncated>`,
    token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`,
    more,
    ...entries.map((entry) => entryXml(entry, encoding)),
    '</ListBucketResult>',
  ].join('');
}

function entryXml(entry: Entry, encoding: Page['encoding']): string {
  return [
    `<Contents><Key>${keyXml(entry.key, encoding)}</Key>`,
    element('LastModified', entry.lastModified),
    element('ETag', entry.etag.replaceAll('"', '&quot;')),
    `<Size>${entry.size}</Size><StorageClass>${entry.storageClass}</StorageClass></Contents>`,
  ].join('');
}

/** Left out where it is empty. */
function element(name: string, value: string): string {
  return value === '' ? '' : `<${name}>${value}</${name}>`;
}

function keyXml(key: string, encoding: Page['encoding']): string {
  if (encoding === 'none') return escapeXml(key);
  const encoded = percentEncode(key);
  return encoding === 'plus' ? encoded.replaceAll('%20', '+') : encoded;
}
