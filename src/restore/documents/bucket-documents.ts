import { bucketDocumentPath } from '../../archive/paths.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import { BUCKET_DOCUMENTS, type BucketDocumentKind } from '../../object-store/bucket-documents.js';
import type { CreateBucketOptions, ObjectStore } from '../../object-store/port.js';
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

/** Resolves to a bucket's documents in the order of restore, and to failures of damaged ones. */
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

/** Writes a document unless the target already has it, as a new bucket may. */
export async function restoreDocument(
  store: ObjectStore,
  { planned: { target, kind }, content }: DocumentToRestore,
  signal: AbortSignal,
): Promise<'written' | 'unchanged'> {
  const current = await store.readBucketDocument(target, kind, { signal });
  if (current.state === 'captured' && isSameDocument(current.content, content)) return 'unchanged';
  await store.writeBucketDocument(target, kind, content, { signal });
  return 'written';
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
