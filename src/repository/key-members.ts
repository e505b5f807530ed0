import type { Archive } from '../archive/archive.js';
import type { Directory, DocumentEntry } from '../archive/directory.js';
import { damagedArchive } from '../archive/errors.js';
import { LARGEST_KEY_LINE_BYTES, isTooDense } from '../archive/limits.js';
import { type KeyLine, decodeLine } from '../keyspace/line.js';

/** The members of an archive with the keys of Redis: `NAME/redis/00000.ndjson`, … */

const FOLDER = 'redis/';

export function redisMemberName(number: number): string {
  return `${FOLDER}${String(number).padStart(5, '0')}.ndjson`;
}

/** Returns them in their order. */
export function redisMembersOf({ archive, documents }: Directory): DocumentEntry[] {
  const prefix = `${archive}/${FOLDER}`;
  const numbered = documents.flatMap((entry) => {
    const number = /^(\d{5,})\.ndjson$/.exec(entry.path.slice(prefix.length))?.[1];
    return entry.path.startsWith(prefix) && number !== undefined
      ? [{ entry, number: Number(number) }]
      : [];
  });
  return numbered.sort((a, b) => a.number - b.number).map(({ entry }) => entry);
}

/** Reads the lines of a member. Rejects with `damaged` if its digest or a line is wrong. */
export async function readKeyLines(archive: Archive, entry: DocumentEntry): Promise<KeyLine[]> {
  const bytes = await archive.readDocument(entry);
  if (isTooDense(bytes)) throw damagedArchive(`${entry.path} has more values than it can hold`);
  const lines: KeyLine[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf('\n', from);
    const number = lines.length + 1;
    if (end === -1) throw damagedArchive(`line ${number} of ${entry.path} has no end`);
    if (end - from > LARGEST_KEY_LINE_BYTES) {
      throw damagedArchive(`line ${number} of ${entry.path} is too long`);
    }
    try {
      lines.push(decodeLine(bytes.toString('utf8', from, end)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw damagedArchive(`line ${number} of ${entry.path} is not valid: ${error.message}`, error);
    }
    from = end + 1;
  }
  return lines;
}
