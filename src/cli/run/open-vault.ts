import { chmod, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  type Identity,
  checkTogether,
  isPostQuantum,
  parseIdentities,
  parseRecipients,
  recipientOf,
} from '../../age/keys.js';
import type { Config } from '../../config/config.js';
import { defaultStateFolder, processEnvironment } from '../../config/environment.js';
import { MangamotionError } from '../../errors.js';
import { readSmallFile } from '../../files/bounded.js';
import { errnoOf, explainFileError, translateFileError } from '../../files/errors.js';
import type { DraftKeys, Vault } from '../../repository/encryption/vault.js';
import { type SigningKey, parsePublicKeys, parseSigningKey } from '../../signature/keys.js';
import { SYSTEM_STATE_FOLDER } from '../../schedule/unit.js';

/** The file of the key of a host, in its state folder. */
const HOST_KEY_FILE = 'host.agekey';
/** The folder of the file keys of archives that are being written, in the state folder. */
const DRAFTS_FOLDER = 'draft-keys';

/** A file of keys is smaller. One may come through a pipe: `<(pass show backup-key)`. */
const LIMITS = { mostBytes: 1024 * 1024, pipeMs: 5000 };

export interface VaultReports {
  warn: (line: string) => void;
  /** Gets each secret that is read, so that nothing prints it. */
  onSecret: (text: string) => void;
}

/**
 * Opens the keys that the settings name. Rejects with `configuration` if a recipient or a signer is
 * wrong. Secret keys are read when they are needed.
 */
export async function openVault(
  { age, signing }: Pick<Config['backup'], 'age' | 'signing'>,
  reports: VaultReports,
): Promise<Vault> {
  const { recipients: lists, identityFile } = age;
  const { keyFile } = signing;
  const recipients: string[] = [];
  for (const { text, origin } of lists) recipients.push(...(await parseRecipients(text, origin)));
  checkTogether(recipients);
  if (recipients.some(isPostQuantum)) {
    reports.warn('a recipient has a post-quantum key: only age 1.3 or newer can open the backups');
  }
  const identities = once(() =>
    identityFile === undefined ? Promise.resolve([]) : readIdentities(identityFile, reports),
  );
  const host = once(() => readHostKey(reports));
  const folder = path.join(defaultStateFolder(processEnvironment()), DRAFTS_FOLDER);
  return {
    recipients: [...new Set(recipients)],
    identities,
    hostIdentity: host,
    draftKeys: draftKeysIn(folder, reports),
    signingKey: once(() =>
      keyFile === undefined ? Promise.resolve(undefined) : readSigningKey(keyFile, reports),
    ),
    signers: signing.signers.flatMap(({ text, origin }) => parsePublicKeys(text, origin)),
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}

/** Reads a file of age keys and checks each. Rejects with `configuration`. */
async function readIdentities(file: string, reports: VaultReports): Promise<Identity[]> {
  return await identitiesIn(await readKeys(file, reports), file, reports);
}

/** Checks the keys in the text of a file. Rejects with `configuration`. */
export async function identitiesIn(
  text: string,
  file: string,
  { onSecret }: Pick<VaultReports, 'onSecret'>,
): Promise<Identity[]> {
  for (const line of text.split(/\r?\n/)) if (/^AGE-/i.test(line.trim())) onSecret(line.trim());
  const identities = parseIdentities(text, file);
  for (const identity of identities) await recipientOf(identity, file);
  return identities;
}

async function readSigningKey(file: string, reports: VaultReports): Promise<SigningKey> {
  const text = await readKeys(file, reports);
  for (const line of text.split(/\r?\n/)) if (line.startsWith('RW')) reports.onSecret(line.trim());
  return parseSigningKey(text, file);
}

/** Reads a file of secret keys, and warns if others may. Rejects with `configuration`. */
export async function readKeys(
  file: string,
  { warn }: Pick<VaultReports, 'warn'>,
): Promise<string> {
  try {
    const { bytes, stats } = await readSmallFile(file, LIMITS);
    const isExposed = stats.isFile() && (stats.mode & 0o077) !== 0;
    if (isExposed) warn(`${file} holds secret keys and others may read it: chmod 600 ${file}`);
    return bytes.toString('utf8');
  } catch (error) {
    throw new MangamotionError(
      'configuration',
      `cannot read the keys in ${file}: ${explainFileError(error).why}`,
      { cause: error },
    );
  }
}

/** The key of this user, or of the service. */
async function readHostKey(reports: VaultReports): Promise<Identity | undefined> {
  for (const folder of [defaultStateFolder(processEnvironment()), SYSTEM_STATE_FOLDER]) {
    const file = hostKeyFile(folder);
    if (!(await isReadable(file))) continue;
    const [identity] = await readIdentities(file, reports);
    return identity;
  }
  return undefined;
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await (await open(file, 'r')).close();
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    // Another user's folder is not this one's.
    if (errno === 'ENOENT' || errno === 'EACCES' || errno === 'ENOTDIR') return false;
    throw translateFileError(error, 'read', file);
  }
}

export function hostKeyFile(stateFolder: string): string {
  return path.join(stateFolder, HOST_KEY_FILE);
}

/** Writes a new file that only its owner can read. Rejects with `refused` if it exists. */
export async function writeKeyFile(file: string, text: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      throw new MangamotionError('refused', `${file} exists, and keys are never overwritten`, {
        hint: `"mangamotion key show ${file}" prints the public part of this key. To make another key, choose another name or move this file away.`,
        cause: error,
      });
    }
    throw translateFileError(error, 'write', file);
  }
}

/** A backup does not fail because of them: they only spare the next run work. */
function draftKeysIn(folder: string, { warn }: Pick<VaultReports, 'warn'>): DraftKeys {
  const fileOf = (id: string) => path.join(folder, `${id}.key`);
  return {
    put: async (id, fileKey) => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await chmod(folder, 0o700);
        await rm(fileOf(id), { force: true });
        await writeKeyFile(fileOf(id), fileKey.toString('hex'));
      } catch (error) {
        const { message } = translateFileError(error, 'write', fileOf(id));
        warn(`${message}: if this run is interrupted, the next one begins anew`);
      }
    },
    get: async (id) => {
      try {
        const { bytes } = await readSmallFile(fileOf(id), { mostBytes: 1024 });
        const text = bytes.toString('latin1');
        return /^[0-9a-f]{32}$/.test(text) ? Buffer.from(text, 'hex') : undefined;
      } catch {
        // Without its key an incomplete archive is of no use, and its objects are read again.
        return undefined;
      }
    },
    remove: async (id) => {
      try {
        await rm(fileOf(id), { force: true });
      } catch (error) {
        if (errnoOf(error) === 'ENOTDIR') return;
        const { message } = translateFileError(error, 'remove', fileOf(id));
        warn(`${message}: remove it, because it opens ${id}`);
      }
    },
  };
}
