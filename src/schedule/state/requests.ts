import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { watchFolder } from './watched-file.js';

/** A request to a daemon to run an entry: a file in the state folder. */
export interface RunRequest {
  id: string;
  /** The name of the entry. */
  name: string;
  /** RFC 3339. */
  requestedAt: string;
}

const FOLDER = 'requests';
const SUFFIX = '.json';
const schema = v.object({ name: v.string(), asked_at: v.string() });

/** Writes a request for the daemon of a state folder. */
export async function submitRequest(
  folder: string,
  { id, name, requestedAt }: RunRequest,
): Promise<void> {
  const file = fileOf(folder, id);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.partial`, JSON.stringify({ name, asked_at: requestedAt }), {
      mode: 0o600,
    });
    await rename(`${file}.partial`, file);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
}

/** Whether a daemon has taken the request. */
export async function isTaken(folder: string, id: string): Promise<boolean> {
  return !(await readNames(folder)).includes(id);
}

/** Removes a request. Resolves to false where a daemon has taken it already. */
export async function withdraw(folder: string, id: string): Promise<boolean> {
  try {
    await rm(fileOf(folder, id));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw translateFileError(error, 'remove', fileOf(folder, id));
  }
}

/** Takes all requests; a file that is not a request is removed and ignored. */
export async function takeRequests(folder: string): Promise<RunRequest[]> {
  const requests: RunRequest[] = [];
  for (const id of await readNames(folder)) {
    const file = fileOf(folder, id);
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!(await withdraw(folder, id))) continue;
    const parsed = v.safeParse(schema, parseJson(text));
    if (!parsed.success) continue;
    const { name, asked_at: requestedAt } = parsed.output;
    requests.push({ id, name, requestedAt });
  }
  return requests;
}

/** Calls `onChange` when there may be requests: see `watchFolder`. Resolves to a function that ends it. */
export async function watchRequests(folder: string, onChange: () => void): Promise<() => void> {
  const requests = path.join(folder, FOLDER);
  // A disk that is full must not keep the schedule from running.
  await mkdir(requests, { recursive: true, mode: 0o700 }).catch(() => undefined);
  return watchFolder(requests, onChange);
}

async function readNames(folder: string): Promise<string[]> {
  try {
    const files = await readdir(path.join(folder, FOLDER), { withFileTypes: true });
    return files
      .filter((file) => file.isFile() && file.name.endsWith(SUFFIX))
      .map(({ name }) => name.slice(0, -SUFFIX.length));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw translateFileError(error, 'list', path.join(folder, FOLDER));
  }
}

function fileOf(folder: string, id: string): string {
  return path.join(folder, FOLDER, `${id}${SUFFIX}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
