import type { PublicKey } from '../../signature/keys.js';
import { signFile } from '../../signature/signature-file.js';
import { SUMMARY_SUFFIX } from '../names.js';
import type { Summary } from '../summary.js';
import type { Vault } from './vault.js';

/** Returns the signature of a summary, as it is written; `undefined` if backups are not signed. */
export async function signatureOf(
  id: string,
  text: string,
  vault: Vault,
  { finished_at: time }: Pick<Summary, 'finished_at'>,
): Promise<string | undefined> {
  const key = await vault.signingKey();
  if (key === undefined) return undefined;
  const file = { fileName: id + SUMMARY_SUFFIX, time: new Date(time) };
  return signFile(Buffer.from(text), file, key);
}

/**
 * Resolves to the keys of which one must have signed what a new backup takes over; `undefined` if new
 * backups are not signed. Rejects with `configuration` if the signing key is wrong.
 */
export async function signersOfParents(vault: Vault): Promise<readonly PublicKey[] | undefined> {
  const key = await vault.signingKey();
  return key === undefined ? undefined : [key.publicKey, ...vault.signers];
}
