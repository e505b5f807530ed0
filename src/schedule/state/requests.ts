import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { watchFolder } from './watch-folder.js';

/** Runs that are asked of a daemon, as files of the state folder. */
export interface RunRequest {
  id: string;
  /** Of the entry. */
  name: string;
  /** RFC 3339. */
  askedAt: string;
}

const FOLDER = 'requests';
const SUFFIX = '.json';
const schema = v.object({ name: v.string(), asked_at: v.string() });

export async function askForRun(folder: string, { id, name, askedAt }: RunRequest): Promise<void> {
  const file = fileOf(folder, id);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.partial`, JSON.stringify({ name, asked_at: askedAt }), {
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

/** Resolves to whether it was there: else a daemon has taken it. */
export async function withdraw(folder: string, id: string): Promise<boolean> {
  try {
    await rm(fileOf(folder, id));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw translateFileError(error, 'remove', fileOf(folder, id));
  }
}

/** Takes all requests that are there; one that makes no sense is removed and passed over. */
export async function takeRequests(folder: string): Promise<RunRequest[]> {
  const requests: RunRequest[] = [];
  for (const id of await readNames(folder)) {
    const file = fileOf(folder, id);
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!(await withdraw(folder, id))) continue;
    const parsed = v.safeParse(schema, parseJson(text));
    if (!parsed.success) continue;
    const { name, asked_at: askedAt } = parsed.output;
    requests.push({ id, name, askedAt });
  }
  return requests;
}

/** Calls when there may be requests: see `watchFolder`. Resolves to what ends it. */
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
