import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { errnoOf, translateFileError } from '../../files/errors.js';

const FILE = 'daemon-id';

/**
 * Which daemon this is among all that share a Redis: the same after a restart. By the name of the
 * machine too, since a state folder may have been copied to another one.
 */
export async function daemonId(folder: string): Promise<string> {
  const file = path.join(folder, FILE);
  try {
    const id = (await readFile(file, 'utf8')).trim();
    if (/^[0-9a-f-]{36}$/.test(id)) return nameOf(id);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'read', file);
  }
  const id = randomUUID();
  try {
    await writeFile(file, `${id}\n`, { mode: 0o600, flush: true });
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
  return nameOf(id);
}

function nameOf(id: string): string {
  return `${hostname()} ${id.slice(0, 13)}`;
}
