import type { Bucket, Tag } from '../../port.js';
import { child, children, escapeXml, parseXml, S3_NAMESPACE, textOf } from './xml.js';

/** Parses the small answers of S3. The functions return `null` for any other text. Pure. */

export function parseBuckets(xml: string): Bucket[] | null {
  const root = parseXml(xml, 'ListAllMyBucketsResult');
  if (root === null) return null;
  return children(child(root, 'Buckets'), 'Bucket').map((bucket) => ({
    name: textOf(bucket, 'Name') ?? '',
    createdAt: textOf(bucket, 'CreationDate') ?? null,
  }));
}

/** Matches region names such as `us-east-1`, `default` and `EU`. */
const REGION = /^[\w.:-]{1,100}$/;

/** Returns the region; `null` if the answer names none (us-east-1 on AWS) or is not valid. */
export function parseLocation(xml: string): string | null {
  // AWS and MinIO put the region into the root element; some servers nest a second element.
  const root =
    parseXml(xml, 'LocationConstraint') ?? parseXml(xml, 'CreateBucketConfiguration') ?? '';
  const region = typeof root === 'string' ? root : (textOf(root, 'LocationConstraint') ?? '');
  return REGION.test(region.trim()) ? region.trim() : null;
}

export function parseTags(xml: string): Tag[] | null {
  // Ceph returns an empty body for an object that was uploaded in parts and has no tags.
  if (xml === '') return [];
  const root = parseXml(xml, 'Tagging');
  if (root === null) return null;
  return children(child(root, 'TagSet'), 'Tag').map((tag) => ({
    key: textOf(tag, 'Key') ?? '',
    value: textOf(tag, 'Value') ?? '',
  }));
}

export function tagsDocument(tags: Tag[]): string {
  const elements = tags.map(
    ({ key, value }) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  return `<Tagging ${S3_NAMESPACE}><TagSet>${elements.join('')}</TagSet></Tagging>`;
}

export interface ErrorDocument {
  code: string;
  message: string;
  region: string | undefined;
}

export function parseErrorDocument(xml: string): ErrorDocument | null {
  const root = parseXml(xml, 'Error');
  const code = root === null ? undefined : textOf(root, 'Code');
  if (root === null || code === undefined || code === '') return null;
  return { code, message: textOf(root, 'Message') ?? '', region: textOf(root, 'Region') };
}

/** The body of CreateBucket in a region other than the default one. */
export function locationDocument(region: string): string {
  return `<CreateBucketConfiguration ${S3_NAMESPACE}><LocationConstraint>${escapeXml(region)}</LocationConstraint></CreateBucketConfiguration>`;
}
