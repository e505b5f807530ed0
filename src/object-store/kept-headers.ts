/**
 * The headers that a backup captures with each object and a restore sends again, in lower case. The index,
 * the upload and the check of what was restored follow this list.
 */
export const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
] as const;

export type KeptHeader = (typeof KEPT_HEADERS)[number];
