import { bucketDocumentPath } from '../../archive/paths.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import { BUCKET_DOCUMENTS, type BucketDocumentKind } from '../../object-store/bucket-documents.js';
import type { CreateBucketOptions, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { type PlannedDocument, contentFor, isSameDocument, whySkipped } from './documents.js';
import type { RestoreFailure } from '../failures.js';
import type { SelectedBucket } from '../selection.js';

export interface DocumentToRestore {
  planned: PlannedDocument;
  /** The content for the target, in which a renamed bucket has its new name. */
  content: Buffer;
}

export interface DocumentsContext {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
}

/** Resolves to a bucket's documents of these kinds, in this order, and to failures of damaged ones. */
export async function planDocuments(
  context: DocumentsContext & { backup: OpenBackup },
  bucket: SelectedBucket,
  { exists, kinds }: { exists: boolean; kinds: readonly BucketDocumentKind[] },
): Promise<{ documents: DocumentToRestore[]; failures: RestoreFailure[] }> {
  const { backup } = context;
  const documents: DocumentToRestore[] = [];
  const failures: RestoreFailure[] = [];
  const { name, target } = bucket;
  for (const kind of kinds) {
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
        ? exists
          ? await compareWithTarget(context, document, content)
          : { action: 'write' }
        : { action: 'skip', reason: skipped };
    documents.push({ planned: { ...document, ...decided }, content });
  }
  return { documents, failures };
}

/** Whether the bucket had object lock when it was backed up. */
export function hadObjectLock(backup: OpenBackup, bucket: string): boolean {
  return entryOf(backup, bucket, 'object-lock') !== undefined;
}

/** Whether the target has object lock; true if it does not answer. */
export async function hasObjectLock(
  { store, faults, signal }: DocumentsContext,
  target: string,
): Promise<boolean> {
  try {
    const { state } = await store.readBucketDocument(target, 'object-lock', { signal });
    return state === 'captured';
  } catch (error) {
    await faults.classify(target, error, signal);
    return true;
  }
}

/** Whether the target may encrypt with SSE-KMS by default, so that ETags are not MD5s. */
export async function mayHideMd5(
  { store, faults, signal }: DocumentsContext,
  target: string,
): Promise<boolean> {
  try {
    const document = await store.readBucketDocument(target, 'encryption', { signal });
    return document.state === 'captured' && document.content.includes('aws:kms');
  } catch (error) {
    await faults.classify(target, error, signal);
    return true;
  }
}

/**
 * Writes a document unless the target already has it, as a new bucket may. Where it is refused because
 * somebody else writes it at the same time, it is there now.
 */
export async function restoreDocument(
  store: ObjectStore,
  { planned: { target, kind }, content }: DocumentToRestore,
  signal: AbortSignal,
): Promise<'written' | 'unchanged'> {
  const isThere = async (): Promise<boolean> => {
    const current = await store.readBucketDocument(target, kind, { signal });
    return current.state === 'captured' && isSameDocument(current.content, content);
  };
  if (await isThere()) return 'unchanged';
  try {
    await store.writeBucketDocument(target, kind, content, { signal });
    return 'written';
  } catch (error) {
    if (isMangamotionError(error, 'refused') && (await isThere())) return 'unchanged';
    throw error;
  }
}

async function compareWithTarget(
  { store, faults, signal }: DocumentsContext,
  { target, kind }: Pick<PlannedDocument, 'target' | 'kind'>,
  content: Buffer,
): Promise<Pick<PlannedDocument, 'action' | 'reason'>> {
  try {
    const current = await store.readBucketDocument(target, kind, { signal });
    if (current.state === 'unsupported') return { action: 'write', reason: current.reason };
    const same = current.state === 'captured' && isSameDocument(current.content, content);
    return { action: same ? 'unchanged' : 'write' };
  } catch (error) {
    const { message: reason } = await faults.classify(target, error, signal);
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

const PROBE = { attempts: 2 } as const;

/**
 * Creates a bucket. Resolves to the error if only this bucket cannot be created. Rejects if the
 * store cannot be reached any more, and with the signal's reason.
 */
export async function tryCreateBucket(
  store: ObjectStore,
  bucket: string,
  options: CreateBucketOptions & { signal: AbortSignal },
): Promise<MangamotionError | undefined> {
  const { signal } = options;
  try {
    await store.createBucket(bucket, options);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal' || error.code === 'disk')
      throw error;
    if (error.code === 'unreachable' && !(await answers(store, signal))) throw error;
    return error;
  }
}

/**
 * Creates a missing bucket, unless somebody else has created it meanwhile: another share of the restore, by
 * an answer that each server words in its own way. Resolves to the error as `tryCreateBucket` does.
 */
export async function makeBucket(
  store: ObjectStore,
  bucket: string,
  options: CreateBucketOptions & { signal: AbortSignal },
): Promise<'created' | 'appeared' | MangamotionError> {
  const refusal = await tryCreateBucket(store, bucket, options);
  if (refusal === undefined) return 'created';
  const { signal } = options;
  try {
    return (await store.bucketExists(bucket, { ...PROBE, signal })) ? 'appeared' : refusal;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error)) throw error;
    return refusal;
  }
}

/** Whether the store answers at all. A refusal is an answer. */
async function answers(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  try {
    await store.listBuckets({ ...PROBE, signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error)) throw error;
    return error.code !== 'unreachable';
  }
}
