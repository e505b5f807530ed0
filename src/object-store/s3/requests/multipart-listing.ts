import { compareKeys } from '../../../key-order.js';
import { percentEncode } from '../wire/percent-encoding.js';
import { ANSWER_LIMITS } from '../../unexpected-answer.js';
import { eachPage, type PageStart } from './listing.js';
import type { ListUploadsOptions, MultipartUpload } from '../../port.js';
import { parseUploadsPage } from '../wire/multipart-xml.js';
import type { S3Requests } from '../s3-requests.js';
import { repeatedToken } from '../../store-errors.js';

/** Lists unfinished uploads; see `MultipartUploads`. */

interface Listing {
  uploads: MultipartUpload[];
  /** Whether the keys came percent-encoded. They are decoded here. */
  wasEncoded: boolean;
  byMinio: boolean;
}

export async function listMultipartUploads(
  requests: S3Requests,
  bucket: string,
  prefix: string,
  options: ListUploadsOptions,
): Promise<MultipartUpload[]> {
  const { uploads, byMinio } = await legibleListing(requests, bucket, prefix, options);
  const found = new Map(uploads.map((upload) => [upload.uploadId, upload]));
  // MinIO takes the prefix for a whole key. Without a prefix it lists all uploads of the bucket.
  if (byMinio && prefix !== '') {
    const all = await legibleListing(requests, bucket, '', options);
    for (const upload of all.uploads) found.set(upload.uploadId, upload);
  }
  return [...found.values()].filter(({ key }) => key.startsWith(prefix)).sort(byKeyAndTime);
}

/**
 * Lists uploads with readable keys. Percent-encoding is requested only if needed: with it, Ceph
 * encodes keys without saying so; without it, MinIO replaces what XML cannot carry by U+FFFD.
 */
async function legibleListing(
  requests: S3Requests,
  bucket: string,
  prefix: string,
  options: ListUploadsOptions,
): Promise<Listing> {
  const plain = await listing(requests, bucket, prefix, options, '');
  if (!plain.uploads.some(({ key }) => key.includes('\ufffd'))) return plain;
  const encoded = await listing(requests, bucket, prefix, options, 'encoding-type=url&');
  return encoded.wasEncoded ? encoded : plain;
}

async function listing(
  requests: S3Requests,
  bucket: string,
  prefix: string,
  { maxPerPage = 1000, signal }: ListUploadsOptions,
  encoding: string,
): Promise<Listing> {
  const found: Listing = { uploads: [], wasEncoded: true, byMinio: false };
  const fetchPage = async ({ token }: PageStart) => {
    const markers = token === undefined ? '' : `${token}&`;
    const query = `${encoding}${markers}max-uploads=${maxPerPage}&prefix=${percentEncode(prefix)}&uploads`;
    const page = await requests.document(
      { method: 'GET', bucket, query, signal },
      (xml, headers) => {
        found.byMinio = headers.server === 'MinIO';
        return parseUploadsPage(xml);
      },
      'ListMultipartUploadsResult',
      ANSWER_LIMITS.pageBytes,
    );
    found.wasEncoded &&= page.wasEncoded;
    return page;
  };
  const listed = { method: 'GET', bucket, query: 'uploads' } as const;
  const stuck = (token: string): Error => repeatedToken(token, requests.context(listed));
  for await (const page of eachPage(fetchPage, stuck)) found.uploads.push(...page);
  return found;
}

function byKeyAndTime(a: MultipartUpload, b: MultipartUpload): number {
  return compareKeys(a.key, b.key) || Date.parse(a.initiatedAt) - Date.parse(b.initiatedAt);
}
