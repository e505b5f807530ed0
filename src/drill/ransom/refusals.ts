import type { AttackKind } from '../attack-kinds.js';
import type { MangamotionError } from '../../errors.js';
import { NO_DOCUMENT, isUnexpectedAnswer, s3CodeOf } from '../../object-store/store-errors.js';

/**
 * The S3 error codes by which servers refuse to touch what is locked, or what the keys may not: AWS, Ceph
 * and most others answer AccessDenied, MinIO InvalidRequest or ObjectLocked. Whatever else fails is
 * no refusal: the server may be away, and do it the next time.
 */
const REFUSALS: ReadonlySet<string> = new Set(['AccessDenied', 'InvalidRequest', 'ObjectLocked']);
/** Not every server knows the document that removes a retention. */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set(['MalformedXML', 'InvalidArgument']);
const REMOVALS: readonly AttackKind[] = ['remove_lock', 'remove_lock_bypass'];

/** Whether the server itself refused an attack. The answer of a proxy does not count. */
export function isRefusal(kind: AttackKind, error: MangamotionError): boolean {
  if (isUnexpectedAnswer(error)) return false;
  if (error.cause instanceof Error && error.cause.message.startsWith(NO_DOCUMENT)) return false;
  const code = s3CodeOf(error);
  return REFUSALS.has(code) || (REMOVALS.includes(kind) && NOT_UNDERSTOOD.has(code));
}
