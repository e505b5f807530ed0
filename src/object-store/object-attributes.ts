/** What belongs to an object beside its bytes. */

/** The headers that belong to the object and are kept with it, by their names in lower case. */
export const OBJECT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
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
