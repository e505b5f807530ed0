import process from 'node:process';
import { MangamotionError } from '../../../errors.js';

/**
 * Bytes on stdout, with back-pressure. Resolves to false where its reader has gone away, which is no
 * error. Rejects with `disk` where it is a file that cannot be written.
 */
export async function writeToStdout(chunk: Uint8Array): Promise<boolean> {
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    process.stdout.write(chunk, resolve);
  });
  if (!error) return true;
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return false;
  throw new MangamotionError('disk', `cannot write to stdout: ${error.message}`, {
    hint: 'is the disk full that the output is redirected to?',
    cause: error,
  });
}

export function stdoutIsTerminal(): boolean {
  return process.stdout.isTTY;
}
