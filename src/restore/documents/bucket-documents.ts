import { bucketDocumentPath } from '../../archive/paths.js';
import { isMangamotionError } from '../../errors.js';
import { BUCKET_DOCUMENTS, type BucketDocumentKind } from '../../object-store/bucket-documents.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import {
  type PlannedDocument,
  RESTORED_ORDER,
  contentFor,
  isSameDocument,
  whySkipped,
} from './documents.js';
import type { RestoreFailure } from '../failures.js';
import type { SelectedBucket } from '../selection.js';

/** A document of the backup with what is planned for it. */
export interface DocumentToRestore {
  planned: PlannedDocument;
  /** As the target is to have it. */
  content: Buffer;
}

export interface DocumentsContext {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
}

/**
 * The documents that the backup holds of a bucket, in the order in which they are restored; and those
 * that it holds damaged.
 */
export async function planDocuments(
  context: DocumentsContext & { backup: OpenBackup },
  bucket: SelectedBucket,
  targetExists: boolean,
): Promise<{ documents: DocumentToRestore[]; failures: RestoreFailure[] }> {
  const { backup } = context;
  const documents: DocumentToRestore[] = [];
  const failures: RestoreFailure[] = [];
  const { name, target } = bucket;
  for (const kind of RESTORED_ORDER) {
    let captured: Buffer | undefined;
    try {
      captured = await readCaptured(backup, name, kind);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      failures.push({ bucket: target, key: '', document: kind, reason: error.message });
    }
    if (captured === undefined) continue;
    const content = contentFor(kind, captured, bucket);
    const document = { bucket: name, target, kind };
    const skipped = whySkipped(kind, bucket);
    const decided: Pick<PlannedDocument, 'action' | 'reason'> =
      skipped === undefined
        ? targetExists
          ? await compareWithTarget(context, document, content)
          : { action: 'write' }
        : { action: 'skip', reason: skipped };
    documents.push({ planned: { ...document, ...decided }, content });
  }
  return { documents, failures };
}

/** Whether the bucket could lock objects when it was backed up. */
export function hadObjectLock(backup: OpenBackup, bucket: string): boolean {
  return entryOf(backup, bucket, 'object-lock') !== undefined;
}

/** Whether objects of the target can be locked; what does not let itself be asked may well do. */
export async function hasObjectLock(
  { store, faults, signal }: DocumentsContext,
  target: string,
): Promise<boolean> {
  try {
    const { state } = await store.readBucketDocument(target, 'object-lock', { signal });
    return state === 'captured';
  } catch (error) {
    await faults.judge(target, error, signal);
    return true;
  }
}

/** Whether the target's ETags may be no MD5s, as it encrypts with SSE-KMS by default. */
export async function mayHideMd5(
  { store, faults, signal }: DocumentsContext,
  target: string,
): Promise<boolean> {
  try {
    const document = await store.readBucketDocument(target, 'encryption', { signal });
    return document.state === 'captured' && document.content.includes('aws:kms');
  } catch (error) {
    await faults.judge(target, error, signal);
    return true;
  }
}

/**
 * Writes a document, unless the target has the same: a bucket that was just created has some by
 * itself. Resolves to what was done.
 */
export async function restoreDocument(
  store: ObjectStore,
  { planned: { target, kind }, content }: DocumentToRestore,
  signal: AbortSignal,
): Promise<'written' | 'unchanged'> {
  const there = await store.readBucketDocument(target, kind, { signal });
  if (there.state === 'captured' && isSameDocument(there.content, content)) return 'unchanged';
  await store.writeBucketDocument(target, kind, content, { signal });
  return 'written';
}

async function compareWithTarget(
  { store, faults, signal }: DocumentsContext,
  { target, kind }: Pick<PlannedDocument, 'target' | 'kind'>,
  content: Buffer,
): Promise<Pick<PlannedDocument, 'action' | 'reason'>> {
  try {
    const there = await store.readBucketDocument(target, kind, { signal });
    if (there.state === 'unsupported') return { action: 'write', reason: there.reason };
    const same = there.state === 'captured' && isSameDocument(there.content, content);
    return { action: same ? 'unchanged' : 'write' };
  } catch (error) {
    const { message: reason } = await faults.judge(target, error, signal);
    return { action: 'write', reason };
  }
}

async function readCaptured(
  backup: OpenBackup,
  bucket: string,
  kind: BucketDocumentKind,
): Promise<Buffer | undefined> {
  const entry = entryOf(backup, bucket, kind);
  if (entry === undefined) return undefined;
  const archive = await backup.archives.of(backup.id);
  return await archive.readDocument(entry);
}

function entryOf({ directory, id }: OpenBackup, bucket: string, kind: BucketDocumentKind) {
  const form = BUCKET_DOCUMENTS.find((candidate) => candidate.kind === kind);
  const path = `${id}/${bucketDocumentPath(bucket, form?.fileName ?? '')}`;
  return directory.documents.find((entry) => entry.path === path);
}
