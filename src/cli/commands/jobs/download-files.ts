import type { ErrorCode } from '../../../errors.js';
import path from 'node:path';
import type { SavedFile } from '../../../jobs/download/file.js';
import { downloadToFile } from '../../../jobs/download/file.js';
import { chooseTarget, fileFor } from '../../../jobs/download/target.js';
import { findResult } from '../../../jobs/result.js';
import type { CommandContext } from '../../argv/command.js';
import { letHeapGrow } from '../../run/memory.js';
import { formatBytes } from '../../output/units.js';
import { errorMember, forEachJob, endOf } from './each-job.js';
import type { ResultOptions } from './search.js';
import { searchFor } from './search.js';

interface FilesAsked extends ResultOptions {
  output: string | undefined;
  force: boolean;
}

/** Saves the results of jobs one after the other, and tells which. */
export async function saveResults(
  context: CommandContext,
  jobIds: readonly string[],
  { output, force, ...options }: FilesAsked,
): Promise<ErrorCode | undefined> {
  letHeapGrow();
  const target = await chooseTarget(output, context.cwd, jobIds.length);
  const search = await searchFor(context, options);
  const { progress, signal } = context;
  const outcomes = await forEachJob(context, jobIds, async (jobId) => {
    const result = await findResult(jobId, search);
    progress.start(`downloading ${jobId}`);
    return await downloadToFile(result, {
      store: search.store,
      target: fileFor(target, jobId, result.key),
      force,
      signal,
      onProgress: (bytes, bytesTotal) => progress.update({ bytes, bytesTotal }),
      onKept: (kept, bytes, bytesTotal) => {
        const share = `${formatBytes(bytes)} of ${formatBytes(bytesTotal)}`;
        progress.note(
          `mangamotion: ${share} are kept in ${kept}; run the same command again to resume`,
        );
      },
    });
  });
  progress.done();
  const { done, failures } = outcomes;
  await context.output.document({
    json: { files: done.map(fileAnswer), failures, ...errorMember(outcomes) },
    human: (page) => {
      for (const file of done) page.text(`✓ ${fileText(file, context.cwd)}`, 'good');
    },
  });
  return endOf(outcomes);
}

function fileAnswer({ result, path: file, resumedFrom, isChecked }: SavedFile): object {
  const { jobId, status, bucket, key, head } = result;
  return {
    ...{ job_id: jobId, status, path: file, size_bytes: head.sizeBytes },
    ...{ bucket, key, etag: head.etag, content_type: head.headers['content-type'] ?? null },
    ...{ md5_checked: isChecked, resumed_from: resumedFrom },
  };
}

function fileText({ result, path: file, resumedFrom, isChecked }: SavedFile, cwd: string): string {
  const relative = path.relative(cwd, file);
  const shown = relative.startsWith('..') ? file : relative;
  const notes = [
    formatBytes(result.head.sizeBytes),
    ...(resumedFrom > 0 ? [`resumed at ${formatBytes(resumedFrom)}`] : []),
    ...(isChecked ? [] : ['length checked, its ETag is not an MD5']),
  ];
  return `job ${result.jobId}: ${shown} (${notes.join(', ')})`.replaceAll('\n', ' ');
}
