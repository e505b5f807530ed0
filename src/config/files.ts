import { stat } from 'node:fs/promises';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { readSmallFile } from '../files/bounded.js';
import { explainFileError } from '../files/errors.js';
import { secretsOfProxy } from './proxy.js';
import type { Source } from './sources.js';
import { closest } from './typos.js';
import { PROXY_VARIABLES, isSecretVariable } from './variables.js';

const proxyNames: ReadonlySet<string> = new Set(PROXY_VARIABLES);

/** A file's settings, or what is wrong with it. */
export interface FileRead {
  source: Source | undefined;
  problems: string[];
  warnings: string[];
}

/** Reads NAME=value lines, with the quoting and the comments of `node --env-file`. Relative paths in it begin at `cwd`. */
export async function readEnvFile(file: string, cwd: string): Promise<FileRead> {
  const parse = (text: string) => ({ values: parseEnv(text), problems: [] });
  const read = await readSettings(path.resolve(cwd, file), parse);
  return {
    ...read,
    source: read.source && { ...read.source, kind: 'env_file', folder: undefined },
  };
}

/** Reads a JSON object of variables: their values are strings, numbers or booleans. */
export async function readConfigFile(file: string, cwd: string): Promise<FileRead> {
  const full = path.resolve(cwd, file);
  return readSettings(full, (text) => parseConfig(text, full));
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Settings and certificates are smaller. A secret may come through a pipe: `<(pass show minio)`. */
const LIMITS = { mostBytes: 4 * 1024 * 1024, pipeMs: 5000 };

/** The text of a file that a setting names, or why it could not be read. */
export async function readNamedFile(file: string): Promise<{ text: string } | { problem: string }> {
  try {
    const { bytes } = await readSmallFile(file, LIMITS);
    return { text: bytes.toString('utf8') };
  } catch (error) {
    return { problem: `cannot read ${file}: ${explainFileError(error).why}` };
  }
}

interface Parsed {
  values: Readonly<Record<string, string | undefined>>;
  problems: string[];
}

async function readSettings(file: string, parse: (text: string) => Parsed): Promise<FileRead> {
  const read = await readNamedFile(file);
  if ('problem' in read) return { source: undefined, problems: [read.problem], warnings: [] };
  const { values, problems } = parse(read.text.replace(/^\ufeff/, ''));
  const source = { kind: 'file' as const, origin: file, folder: path.dirname(file), values };
  return { source, problems, warnings: await exposedSecrets(file, values) };
}

function parseConfig(text: string, file: string): Parsed {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message repeats the text, and with it a secret.
    return { values: {}, problems: [`${file} is not valid JSON`] };
  }
  if (!isObject(document)) {
    return { values: {}, problems: [`${file} must hold one JSON object`] };
  }
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(document)) {
    if (name === 'backup') {
      const read = readBackupSection(value, file);
      if ('problem' in read) problems.push(read.problem);
      else values.BACKUP_EXPECT_DELETIONS = read.text;
    } else if (isPlain(value)) {
      values[name] = String(value);
    } else {
      problems.push(`${name} (${file}): must be a string, a number, true or false`);
    }
  }
  return { values, problems };
}

/**
 * `"backup": {"expectDeletions": {"temp": 80, "cache": 100}}`, or `["temp=80", "cache"]`, as the text
 * of BACKUP_EXPECT_DELETIONS, which is checked with the other variables.
 */
function readBackupSection(value: unknown, file: string): { text: string } | { problem: string } {
  const wrong = (name: string, what: string) => ({ problem: `${name} (${file}): ${what}` });
  if (!isObject(value)) return wrong('backup', 'must be an object');
  const { expectDeletions: expected, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const isSlip = closest(unknown, ['EXPECTDELETIONS']) !== undefined;
    const guess = isSlip ? '; did you mean backup.expectDeletions?' : '';
    return wrong(`backup.${unknown}`, `is not a setting of mangamotion${guess}`);
  }
  const list: unknown[] | undefined = Array.isArray(expected)
    ? expected
    : isObject(expected)
      ? Object.entries(expected).map(([bucket, percent]) =>
          isPlain(percent) ? `${bucket}=${String(percent)}` : undefined,
        )
      : undefined;
  if (list?.every(isPlain) === true) return { text: list.map(String).join(',') };
  const what = 'must be an object such as {"temp": 80}, or a list such as ["temp=80"]';
  return wrong('backup.expectDeletions', what);
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether every user of the machine can read a file; false if that is not known. */
export async function isReadableByAll(file: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  return stat(file).then(
    ({ mode }) => (mode & 0o004) !== 0,
    () => false,
  );
}

/** A warning where every user of the machine can read secrets. */
async function exposedSecrets(file: string, values: Parsed['values']): Promise<string[]> {
  const secrets = Object.keys(values).filter(
    (name) =>
      (isSecretVariable(name) && values[name] !== '') ||
      (proxyNames.has(name) && secretsOfProxy(values[name]).length > 0),
  );
  if (secrets.length === 0 || !(await isReadableByAll(file))) return [];
  return [
    `${file} holds ${secrets.join(', ')} and can be read by all users; run chmod 600 ${file}`,
  ];
}
