import { MangamotionError } from '../errors.js';

/** The public keys to which files are encrypted (recipients), and the secret ones (identities). */

/** A secret that opens files. Its text must never be shown. */
export type Identity = { kind: 'key'; text: string } | { kind: 'passphrase'; text: string };

/** More recipients than anybody has; each adds 100 bytes to each file and summary. */
const MOST_RECIPIENTS = 64;

/** Hybrid keys, which Debian 12's age (1.1) does not know. */
const POST_QUANTUM = ['age1pq1', 'age1tagpq1'];

/**
 * Parses a list of recipients, separated by commas or white space, with comments after `#` at the
 * beginning of a line. `origin` names the setting or the file. Rejects with `configuration`.
 */
export async function parseRecipients(text: string, origin: string): Promise<string[]> {
  const found = linesOf(text).flatMap((line) => line.split(/[\s,]+/).filter((word) => word !== ''));
  if (found.length === 0) {
    throw wrongKey(`${origin} names no recipient`, 'Backups are not made in plain text instead.');
  }
  for (const recipient of found) await checkRecipient(recipient, origin);
  return [...new Set(found)];
}

/** Throws `configuration` if these cannot be the recipients of one file. */
export function checkTogether(recipients: readonly string[]): void {
  if (recipients.length > MOST_RECIPIENTS) {
    throw wrongKey(
      `there are ${recipients.length} recipients, and at most ${MOST_RECIPIENTS} can be`,
    );
  }
  const hybrid = recipients.filter(isPostQuantum);
  if (hybrid.length > 0 && hybrid.length < recipients.length) {
    throw wrongKey(
      'recipients with and without post-quantum keys cannot be combined, because the file would be as weak as the weaker ones',
      'Use only age1pq1… and age1tagpq1… recipients, or none of them.',
    );
  }
}

/** Whether only age 1.3 or newer can open a file that is encrypted to this recipient. */
export function isPostQuantum(recipient: string): boolean {
  return POST_QUANTUM.some((start) => recipient.startsWith(start));
}

async function checkRecipient(text: string, origin: string): Promise<void> {
  if (/^age-secret-key-/i.test(text)) {
    throw wrongKey(
      `${origin} holds a secret key where a recipient belongs`,
      'Give its recipient, which "mangamotion key show FILE" prints, and keep the secret key elsewhere.',
    );
  }
  if (text.startsWith('ssh-')) {
    throw wrongKey(
      `${origin}: SSH keys cannot be recipients`,
      'Make a key with "mangamotion key new FILE" or age-keygen.',
    );
  }
  const { Encrypter } = await import('age-encryption');
  try {
    new Encrypter().addRecipient(text);
  } catch (error) {
    throw wrongKey(
      `${origin}: ${JSON.stringify(shortened(text))} is not an age recipient`,
      'A recipient begins with age1. Copy the whole line that "mangamotion key show FILE" prints.',
      error,
    );
  }
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Parses a file of identities, as age-keygen writes it. Throws `configuration`. */
export function parseIdentities(text: string, origin: string): Identity[] {
  if (text.startsWith('age-encryption.org/') || text.startsWith('-----BEGIN AGE ENCRYPTED')) {
    throw wrongKey(
      `${origin} is encrypted with a passphrase`,
      `Decrypt it first: age --decrypt ${origin} > FILE, on a disk that only you can read.`,
    );
  }
  const identities = linesOf(text).map((line): Identity => {
    const key = line.trim();
    if (/^AGE-PLUGIN-/i.test(key)) {
      throw wrongKey(`${origin}: keys of age plugins cannot be used`, 'Decrypt with age itself.');
    }
    return { kind: 'key', text: key };
  });
  if (identities.length === 0) throw wrongKey(`${origin} holds no key`);
  return identities;
}

/** Resolves to the recipient of a secret key. Rejects with `configuration`, without showing the key. */
export async function recipientOf({ text }: Identity, origin: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption');
  try {
    return await identityToRecipient(text);
  } catch {
    throw wrongKey(
      `${origin} holds a line that is not an age key`,
      'A key begins with AGE-SECRET-KEY-1. Keep notes in lines that begin with #.',
    );
  }
}

/** Makes a new key. `generateIdentity` may make post-quantum keys one day, which old programs cannot use. */
export async function newIdentity(): Promise<Identity> {
  const { generateX25519Identity } = await import('age-encryption');
  return { kind: 'key', text: await generateX25519Identity() };
}

function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function wrongKey(message: string, hint?: string, cause?: unknown): MangamotionError {
  return new MangamotionError('configuration', message, { hint, cause });
}
