import type { ObjectVersion, RequestOptions } from '../../port.js';
import { repeatedToken, s3CodeOf } from '../../store-errors.js';
import { ANSWER_LIMITS, UnexpectedAnswer } from '../../unexpected-answer.js';
import { percentDecode, percentEncode } from '../wire/percent-encoding.js';
import { children, parseXml, textOf, type XmlTree } from '../wire/xml.js';
import type { S3Requests } from '../s3-requests.js';

interface VersionPage {
  versions: ObjectVersion[];
  /** The place at which the next page begins; `undefined` on the last page. */
  next: { key: string; versionId: string } | undefined;
}

/** Implements `listVersions` of the port. */
export async function listVersions(
  requests: S3Requests,
  bucket: string,
  prefix: string,
  { signal }: RequestOptions,
): Promise<ObjectVersion[]> {
  const versions: ObjectVersion[] = [];
  let next: VersionPage['next'];
  let last = '';
  do {
    const query = [
      'encoding-type=url',
      ...(next === undefined ? [] : [`key-marker=${percentEncode(next.key)}`]),
      `prefix=${percentEncode(prefix)}`,
      ...(next === undefined ? [] : [`version-id-marker=${percentEncode(next.versionId)}`]),
      'versions=',
    ].join('&');
    const request = { method: 'GET', bucket, query, signal } as const;
    const page = await requests.document(
      request,
      (xml) => parseVersionPage(xml, prefix),
      'ListVersionsResult',
      ANSWER_LIMITS.pageBytes,
    );
    versions.push(...page.versions);
    next = page.next;
    const place = JSON.stringify(next ?? null);
    if (place === last) throw repeatedToken(place, { endpoint: bucket, request });
    last = place;
  } while (next !== undefined);
  return versions;
}

/** Implements `deleteVersion` of the port. */
export async function deleteVersion(
  requests: S3Requests,
  bucket: string,
  { key, versionId }: ObjectVersion,
  { signal }: RequestOptions,
): Promise<void> {
  const query = `versionId=${percentEncode(versionId)}`;
  try {
    await requests.omit({ method: 'DELETE', bucket, key, query, signal });
  } catch (error) {
    if (!['NoSuchKey', 'NoSuchVersion'].includes(s3CodeOf(error))) throw error;
  }
}

/** Returns `null` if the text is no list of versions. Throws `UnexpectedAnswer` if a field is missing. */
function parseVersionPage(xml: string, prefix: string): VersionPage | null {
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
    return { key, versionId, sizeBytes, isDeleteMarker, isLatest };
  };
  const versions = [
    ...children(root, 'Version').map((tree) => versionOf(tree, false)),
    ...children(root, 'DeleteMarker').map((tree) => versionOf(tree, true)),
  ];
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
