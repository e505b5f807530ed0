import type { ObjectVersion, VersionPage } from '../../port.js';
import { UnexpectedAnswer } from '../../unexpected-answer.js';
import { plainEtag } from './header-text.js';
import { percentDecode } from './percent-encoding.js';
import { children, parseXml, textOf, type XmlTree } from './xml.js';

/** Parses the answer to ListObjectVersions. Pure. */

/** The start tag of an entry, with or without a namespace. */
const ENTRY = /<(?:[\w.-]+:)?(Version|DeleteMarker)[\s>]/g;

/**
 * Returns `null` if the text is no list of versions. Throws `UnexpectedAnswer` if a field is missing.
 * Versions and delete markers are in the order of the text: of two of the same second, it alone tells
 * which is the newer.
 */
export function parseVersionPage(xml: string, prefix: string): VersionPage | null {
  const root = parseXml(xml, 'ListVersionsResult');
  if (root === null) return null;
  const isEncoded = textOf(root, 'EncodingType') === 'url';
  const keyOf = (tree: XmlTree, name: string): string | undefined => {
    const text = textOf(tree, name);
    return text !== undefined && isEncoded ? percentDecode(text) : text;
  };
  const versionOf = (tree: XmlTree, isDeleteMarker: boolean): ObjectVersion => {
    const key = keyOf(tree, 'Key');
    const versionId = textOf(tree, 'VersionId');
    if (key?.startsWith(prefix) !== true || versionId === undefined || versionId === '')
      throw new UnexpectedAnswer('answered with a version without its key or its id');
    const isLatest = textOf(tree, 'IsLatest')?.trim().toLowerCase() === 'true';
    const sizeBytes = Number(textOf(tree, 'Size') ?? 0);
    const storageClass = textOf(tree, 'StorageClass') ?? '';
    return {
      ...{ key, versionId, sizeBytes, isDeleteMarker, isLatest },
      etag: isDeleteMarker ? '' : plainEtag(textOf(tree, 'ETag') ?? ''),
      lastModified: textOf(tree, 'LastModified')?.trim() ?? '',
      ...(['', 'STANDARD'].includes(storageClass) ? {} : { storageClass }),
    };
  };
  const entries = children(root, 'Version').map((tree) => versionOf(tree, false));
  const markers = children(root, 'DeleteMarker').map((tree) => versionOf(tree, true));
  const versions = inOrderOf(xml, entries, markers);
  if (textOf(root, 'IsTruncated')?.trim().toLowerCase() !== 'true') {
    return { versions, next: undefined };
  }
  const key = keyOf(root, 'NextKeyMarker');
  const versionId = textOf(root, 'NextVersionIdMarker');
  if (key === undefined || versionId === undefined)
    throw new UnexpectedAnswer(
      'answered with a list of versions that does not say where it goes on',
    );
  return { versions, next: { key, versionId } };
}

function inOrderOf(
  xml: string,
  entries: readonly ObjectVersion[],
  markers: readonly ObjectVersion[],
): ObjectVersion[] {
  const rest = { Version: entries.values(), DeleteMarker: markers.values() };
  const ordered: ObjectVersion[] = [];
  for (const [, name] of xml.matchAll(ENTRY)) {
    const next = rest[name === 'DeleteMarker' ? name : 'Version'].next();
    if (next.done !== true) ordered.push(next.value);
  }
  return [...ordered, ...rest.Version, ...rest.DeleteMarker];
}
