/** Something of a backup that cannot be brought back. */
export interface Shortfall {
  bucket: string;
  /** Empty where it is no object. */
  key: string;
  /** Of the bucket, where it is no object. */
  document?: string;
  reason: string;
}
