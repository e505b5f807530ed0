/** What belongs to an object beside its bytes. */

/** The headers that belong to the object and are kept with it, by their names in lower case. */
export const OBJECT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
] as const;

type ObjectHeader = (typeof OBJECT_HEADERS)[number];

export interface Tag {
  key: string;
  value: string;
}

export interface ObjectAttributes {
  headers: Partial<Record<ObjectHeader, string>>;
  /** User metadata by name in lower case, without `x-amz-meta-`. */
  metadata: Record<string, string>;
  tags: Tag[];
  /** To be encrypted with a key of the server; `null`: as the bucket's default says. */
  encryption: Encryption | null;
  /** `null` is STANDARD. */
  storageClass: string | null;
  /** Checksums that the server is to check and keep, by header name without `x-amz-checksum-`. */
  checksums: Record<string, string>;
}

/** Encryption at rest with a key of the server: SSE-S3 (`AES256`) or SSE-KMS (`aws:kms`). */
export interface Encryption {
  algorithm: string;
  /** Of SSE-KMS; `null` is the server's default key. */
  keyId: string | null;
  /** S3 Bucket Keys are in use. */
  bucketKey: boolean;
}

/** Until when nobody may delete or replace a version of an object. */
export interface Retention {
  /** GOVERNANCE yields to those who have the right to bypass it, COMPLIANCE to nobody. */
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** RFC 3339 in UTC, to the millisecond. */
  until: string;
}

/** What S3 Object Lock keeps with an object. */
export interface ObjectLock {
  retention: Retention | null;
  /** Like a retention without an end, until it is taken off. */
  legalHold: boolean;
}
