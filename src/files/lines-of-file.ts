import type { FileHandle } from 'node:fs/promises';

const READ_BYTES = 256 * 1024;
const LINE_END = 0x0a;

/**
 * Yields the non-empty lines of a file. Only a line feed ends a line: readline also splits at
 * U+2028 and U+2029, which JSON leaves in strings. Does not close the file.
 */
export async function* linesOfFile(file: FileHandle): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    rest = bytes.subarray(end);
    yield* linesOf(bytes.subarray(0, end).toString());
  }
  yield* linesOf(rest.toString());
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
