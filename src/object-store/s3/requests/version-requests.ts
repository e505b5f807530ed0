import type {
  BypassOptions,
  ObjectVersion,
  RequestOptions,
  VersionPage,
  VersionPageOptions,
} from '../../port.js';
import { repeatedToken, s3CodeOf } from '../../store-errors.js';
import { ANSWER_LIMITS } from '../../unexpected-answer.js';
import { percentEncode } from '../wire/percent-encoding.js';
import { bypassHeader } from '../wire/object-lock.js';
import { parseVersionPage } from '../wire/version-page-xml.js';
import type { S3Requests } from '../s3-requests.js';

/** The query that names a version; `undefined` for the current one. */
export function versionQuery(versionId: string | undefined): string | undefined {
  return versionId === undefined ? undefined : `versionId=${percentEncode(versionId)}`;
}

/** Implements `listVersionPage` of the port. */
export function listVersionPage(
  requests: S3Requests,
  bucket: string,
  { prefix = '', after, signal }: VersionPageOptions,
): Promise<VersionPage> {
  return requests.document(
    requestOf(bucket, { prefix, after, signal }),
    (xml) => parseVersionPage(xml, prefix),
    'ListVersionsResult',
    ANSWER_LIMITS.pageBytes,
  );
}

function requestOf(bucket: string, { prefix = '', after, signal }: VersionPageOptions) {
  const query = [
    'encoding-type=url',
    ...(after === undefined ? [] : [`key-marker=${percentEncode(after.key)}`]),
    `prefix=${percentEncode(prefix)}`,
    ...(after === undefined ? [] : [`version-id-marker=${percentEncode(after.versionId)}`]),
    'versions=',
  ].join('&');
  return { method: 'GET', bucket, query, signal } as const;
}

/** Implements `listVersions` of the port. */
export async function listVersions(
  requests: S3Requests,
  bucket: string,
  prefix: string,
  { signal }: RequestOptions,
): Promise<ObjectVersion[]> {
  const versions: ObjectVersion[] = [];
  for await (const page of eachVersionPage(
    (options) => listVersionPage(requests, bucket, options),
    { endpoint: requests.endpoint, bucket, prefix, signal },
  )) {
    versions.push(...page);
  }
  return versions;
}

/** Yields the pages of a list of versions. Throws if the server repeats a place. */
export async function* eachVersionPage(
  fetchPage: (options: VersionPageOptions) => Promise<VersionPage>,
  { endpoint, bucket, ...options }: VersionPageOptions & { endpoint: string; bucket: string },
): AsyncGenerator<ObjectVersion[]> {
  let after = options.after;
  for (;;) {
    const { versions, next } = await fetchPage({ ...options, after });
    if (versions.length > 0) yield versions;
    if (next === undefined) return;
    if (next.key === after?.key && next.versionId === after.versionId) {
      throw repeatedToken(JSON.stringify(next), { endpoint, request: requestOf(bucket, options) });
    }
    after = next;
  }
}

/** Implements `deleteVersion` of the port. */
export async function deleteVersion(
  requests: S3Requests,
  bucket: string,
  { key, versionId }: Pick<ObjectVersion, 'key' | 'versionId'>,
  { signal, bypassGovernance }: BypassOptions,
): Promise<void> {
  const query = versionQuery(versionId);
  const headers = bypassHeader(bypassGovernance);
  try {
    await requests.omit({ method: 'DELETE', bucket, key, query, headers, signal });
  } catch (error) {
    if (!['NoSuchKey', 'NoSuchVersion'].includes(s3CodeOf(error))) throw error;
  }
}
