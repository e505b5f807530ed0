import path from 'node:path';
import { readNamedFile } from './files.js';
import type { Setting, Settings } from './sources.js';
import { firstOf, problemWith } from './sources.js';

/** What the files hold that MINIO_SECRET_KEY_FILE and MINIO_CA_FILE name. */
export interface StoreFiles {
  secretKey: string | undefined;
  caPem: string | undefined;
  problems: string[];
}

export async function readStoreFiles(settings: Settings, cwd: string): Promise<StoreFiles> {
  const problems: string[] = [];
  const secretKey = await readSecretKey(settings, cwd, problems);
  const caPem = await readCertificates(settings, cwd, problems);
  return { secretKey, caPem, problems };
}

/** The file counts unless MINIO_SECRET_KEY comes from a source that goes before the file's. */
async function readSecretKey(
  settings: Settings,
  cwd: string,
  problems: string[],
): Promise<string | undefined> {
  const setting = firstOf(settings, 'MINIO_SECRET_KEY_FILE');
  const direct = settings.get('MINIO_SECRET_KEY');
  if (setting === undefined || (direct !== undefined && direct.rank < setting.rank))
    return undefined;
  if (direct?.rank === setting.rank) {
    problems.push(
      problemWith(setting.name, setting.origin, 'MINIO_SECRET_KEY is set too; keep one'),
    );
    return undefined;
  }
  const read = await readNamedFile(locate(setting, cwd));
  // One line end at the end is the editor's, not the key's.
  const key = 'text' in read ? read.text.replace(/\r?\n$/, '') : '';
  if (key !== '') return key;
  const problem = 'problem' in read ? read.problem : 'the file is empty';
  problems.push(problemWith(setting.name, setting.origin, problem));
  return undefined;
}

async function readCertificates(
  settings: Settings,
  cwd: string,
  problems: string[],
): Promise<string | undefined> {
  const setting = firstOf(settings, 'MINIO_CA_FILE', 'S3_CA_CERT_PATH');
  if (setting === undefined) return undefined;
  const file = locate(setting, cwd);
  const read = await readNamedFile(file);
  if ('text' in read && read.text.includes('-----BEGIN CERTIFICATE-----')) return read.text;
  const problem = 'problem' in read ? read.problem : `${file} holds no PEM certificate`;
  problems.push(problemWith(setting.name, setting.origin, problem));
  return undefined;
}

/** A path in the config file begins at its folder, any other at the working folder. */
function locate({ value, folder }: Setting, cwd: string): string {
  return path.resolve(folder ?? cwd, value);
}
