import path from 'node:path';
import { readNamedFile } from './files.js';
import type { Setting, Settings } from './sources.js';
import { firstOf, problemWith } from './sources.js';

/** What the files hold that variables name. */
export interface StoreFiles {
  secretKey: string | undefined;
  caPem: string | undefined;
  backupSecretKey: string | undefined;
  backupCaPem: string | undefined;
  copySecretKey: string | undefined;
  copyCaPem: string | undefined;
  drillSecretKey: string | undefined;
  drillCaPem: string | undefined;
  redisCaPem: string | undefined;
  jwtSecret: string | undefined;
  adminToken: string | undefined;
  /** The text of the file of recipients, and its path. */
  ageRecipients: { text: string; origin: string } | undefined;
  /** The absolute path of the file of age keys, which is read when one is needed. */
  ageIdentityFile: string | undefined;
  /** The absolute path of the secret key that signs, which is read when a backup is made. */
  signingKeyFile: string | undefined;
  /** Public keys, and the texts of files of them, each with where it comes from. */
  signers: { text: string; origin: string }[];
  problems: string[];
}

/** The secret keys that a variable may hold or name a file of. */
export const SECRET_KEY_FILES = [
  { key: 'MINIO_SECRET_KEY', file: 'MINIO_SECRET_KEY_FILE' },
  { key: 'BACKUP_S3_SECRET_KEY', file: 'BACKUP_S3_SECRET_KEY_FILE' },
  { key: 'BACKUP_COPY_S3_SECRET_KEY', file: 'BACKUP_COPY_S3_SECRET_KEY_FILE' },
  { key: 'DRILL_S3_SECRET_KEY', file: 'DRILL_S3_SECRET_KEY_FILE' },
  { key: 'JWT_SECRET', file: 'JWT_SECRET_FILE' },
  { key: 'SERVE_ADMIN_TOKEN', file: 'SERVE_ADMIN_TOKEN_FILE' },
] as const;

export async function readStoreFiles(settings: Settings, cwd: string): Promise<StoreFiles> {
  const problems: string[] = [];
  const reading = { settings, cwd, problems };
  return {
    secretKey: await readSecretKey(reading, 'MINIO_SECRET_KEY'),
    caPem: await readCertificates(reading, ['MINIO_CA_FILE', 'S3_CA_CERT_PATH']),
    backupSecretKey: await readSecretKey(reading, 'BACKUP_S3_SECRET_KEY'),
    backupCaPem: await readCertificates(reading, ['BACKUP_S3_CA_FILE']),
    copySecretKey: await readSecretKey(reading, 'BACKUP_COPY_S3_SECRET_KEY'),
    copyCaPem: await readCertificates(reading, ['BACKUP_COPY_S3_CA_FILE']),
    drillSecretKey: await readSecretKey(reading, 'DRILL_S3_SECRET_KEY'),
    drillCaPem: await readCertificates(reading, ['DRILL_S3_CA_FILE']),
    redisCaPem: await readCertificates(reading, ['REDIS_CA_FILE']),
    jwtSecret: await readSecretKey(reading, 'JWT_SECRET'),
    adminToken: await readSecretKey(reading, 'SERVE_ADMIN_TOKEN'),
    ageRecipients: await readRecipients(reading),
    ageIdentityFile: pathOf(reading, 'BACKUP_AGE_IDENTITY_FILE'),
    signingKeyFile: pathOf(reading, 'BACKUP_SIGNING_KEY_FILE'),
    signers: await readSigners(reading),
    problems,
  };
}

interface Reading {
  settings: Settings;
  cwd: string;
  problems: string[];
}

/** The file counts unless the key itself comes from a source that goes before the file's. */
async function readSecretKey(
  { settings, cwd, problems }: Reading,
  variable: string,
): Promise<string | undefined> {
  const setting = firstOf(settings, `${variable}_FILE`);
  const direct = settings.get(variable);
  if (setting === undefined || (direct !== undefined && direct.rank < setting.rank))
    return undefined;
  if (direct?.rank === setting.rank) {
    problems.push(problemWith(setting.name, setting.origin, `${variable} is set too; keep one`));
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

async function readRecipients({
  settings,
  cwd,
  problems,
}: Reading): Promise<{ text: string; origin: string } | undefined> {
  const setting = firstOf(settings, 'BACKUP_AGE_RECIPIENTS_FILE');
  if (setting === undefined) return undefined;
  const origin = locate(setting, cwd);
  const read = await readNamedFile(origin);
  if ('text' in read) return { text: read.text, origin };
  problems.push(problemWith(setting.name, setting.origin, read.problem));
  return undefined;
}

const PUBLIC_KEY = /^RW[A-Za-z0-9+/]{54}$/;

/** What does not look like a public key of minisign is the name of a file that holds some. */
async function readSigners({
  settings,
  cwd,
  problems,
}: Reading): Promise<{ text: string; origin: string }[]> {
  const setting = firstOf(settings, 'BACKUP_SIGNER');
  if (setting === undefined) return [];
  const values = setting.value.split(',').map((value) => value.trim());
  const signers: { text: string; origin: string }[] = [];
  for (const value of values) {
    if (value === '') {
      problems.push(problemWith(setting.name, setting.origin, 'has an empty place in its list'));
      continue;
    }
    if (PUBLIC_KEY.test(value)) {
      signers.push({ text: value, origin: `${setting.name} (${setting.origin})` });
      continue;
    }
    const origin = locate({ ...setting, value }, cwd);
    const read = await readNamedFile(origin);
    if ('text' in read) signers.push({ text: read.text, origin });
    else {
      const what = `${read.problem}, and it is no public key of minisign either`;
      problems.push(problemWith(setting.name, setting.origin, what));
    }
  }
  return signers;
}

function pathOf({ settings, cwd }: Reading, variable: string): string | undefined {
  const setting = firstOf(settings, variable);
  return setting === undefined ? undefined : locate(setting, cwd);
}

async function readCertificates(
  { settings, cwd, problems }: Reading,
  variables: readonly string[],
): Promise<string | undefined> {
  const setting = firstOf(settings, ...variables);
  if (setting === undefined) return undefined;
  const file = locate(setting, cwd);
  const read = await readNamedFile(file);
  if ('text' in read && read.text.includes('-----BEGIN CERTIFICATE-----')) return read.text;
  const problem = 'problem' in read ? read.problem : `${file} holds no PEM certificate`;
  problems.push(problemWith(setting.name, setting.origin, problem));
  return undefined;
}

/** A path in the config file begins at its folder, any other at the working folder. */
export function locate({ value, folder }: Setting, cwd: string): string {
  return path.resolve(folder ?? cwd, value);
}
