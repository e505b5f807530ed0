import { encryptedOf } from '../../repository/archives.js';
import type { BackupEntry } from '../../repository/destination.js';
import { partOf } from '../../repository/names.js';
import { type Summary, objectsIn } from '../../repository/summary.js';
import { type VerifyContext, partsContext } from './bulk.js';
import { type ClosedBackup, type OpenBackup, checkLength, reportClosed } from './look.js';
import { checkPartEnds, checkPartLengths } from './parts.js';
import { type VerifyResult, addProblem } from './result.js';
import { type StoredChecks, verifySidecarLength } from './stored.js';

/** Checks the lengths of the files that a backup needs, and the ends of its parts. */
export async function checkQuickly(
  context: VerifyContext,
  found: OpenBackup | ClosedBackup,
  result: VerifyResult,
): Promise<void> {
  const { destination, backup, summary } = found;
  const checking = { destination, result, signal: context.signal };
  await checkLengths(checking, summary);
  if (found.kind === 'closed') {
    await checkPartLengths(checking, backup, summary);
    result.not_opened = found.error.message;
    result.objects = objectsIn(summary);
    result.bytes = summary.bytes;
    reportClosed(found, result);
    return;
  }
  await checkPartEnds(partsContext(context, found, result), summary, found.parts);
  result.objects = found.directory.objects;
  result.bytes = found.directory.bytes;
}

async function checkLengths(
  { destination, result, signal }: StoredChecks,
  summary: Summary,
): Promise<void> {
  await verifySidecarLength({ destination, result, signal }, summary);
  const others = summary.references.filter((id) => partOf(id) === undefined);
  const backups = others.length === 0 ? [] : await destination.list();
  for (const id of others) {
    const referenced = backups.find((backup) => backup.id === id);
    if (referenced === undefined || referenced.archiveBytes === null) {
      addProblem(
        result,
        'archive_missing',
        `the archive of ${id} is missing, and this backup needs it`,
      );
    } else if (!isLongAsRecorded(referenced, summary)) {
      addProblem(
        result,
        'archive',
        `the archive of ${id} is not the one that this backup refers to`,
      );
    } else if (referenced.summary.kind === 'valid') {
      checkLength(referenced.archiveBytes, referenced.summary.summary, result);
    }
  }
}

/** A backup names the lengths of the encrypted archives that it refers to. */
function isLongAsRecorded({ id, archiveBytes }: BackupEntry, summary: Summary): boolean {
  const record = encryptedOf(summary, id)?.record;
  return record === undefined || record.bytes === archiveBytes;
}
