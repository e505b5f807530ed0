import { isMangamotionError } from '../../errors.js';
import { bucketsDocumentOf, compareBucketsDocument } from './agreement.js';
import type { OpenBackup } from './look.js';
import { verifyRedis } from './redis-keys.js';
import { type VerifyResult, addProblem } from './result.js';
import { verifySidecar } from './stored.js';

/** Checks what a backup has once, beside its objects: documents, keys of Redis, and the sidecar of its archive. */
export async function checkOnce(
  { archive, directory, destination, summary }: OpenBackup,
  result: VerifyResult,
  { signal, workers }: { signal: AbortSignal; workers?: number | undefined },
): Promise<void> {
  await checkBucketsDocument({ archive, directory }, result);
  await verifyRedis(archive, directory, summary, result, signal);
  await verifySidecar({ destination, result, signal, workers }, summary);
}

async function checkBucketsDocument(
  { archive, directory }: Pick<OpenBackup, 'archive' | 'directory'>,
  result: VerifyResult,
): Promise<void> {
  // A missing document was reported before.
  const entry = bucketsDocumentOf(directory);
  if (entry === undefined) return;
  try {
    const content = await archive.readDocument(entry);
    for (const { kind, message } of compareBucketsDocument(content, directory)) {
      addProblem(result, kind, message);
    }
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    addProblem(result, 'document', error.message);
  }
}
