import { MangamotionError } from '../../../errors.js';
import { downloadToStream } from '../../../jobs/download/stream.js';
import { findResult } from '../../../jobs/result.js';
import type { CommandContext } from '../../argv/command.js';
import type { ResultOptions } from './search.js';
import { searchFor } from './search.js';

/** Writes the bytes of one result, and nothing else, to stdout. */
export async function writeResult(
  context: CommandContext,
  jobId: string,
  { force, ...options }: ResultOptions & { force: boolean },
): Promise<void> {
  if (context.output.onTerminal && !force) {
    throw new MangamotionError('refused', 'stdout is a terminal, and the result is not text', {
      hint: 'redirect stdout, give a file with -o, or use --force',
    });
  }
  const { progress, signal } = context;
  const search = await searchFor(context, options);
  const result = await findResult(jobId, search);
  progress.start(`downloading ${jobId}`);
  await downloadToStream(result, {
    store: search.store,
    write: (chunk) => context.output.bytes(chunk),
    signal,
    onProgress: (bytes, bytesTotal) => progress.update({ bytes, bytesTotal }),
  });
  await context.output.flush();
}
