import { type Identity, newIdentity, recipientOf } from '../../src/age/keys.js';
import { NO_VAULT, type Vault } from '../../src/repository/encryption/vault.js';

/** A vault that encrypts to a new key, and opens what is encrypted to it. */
export async function newVault(): Promise<Vault & { identity: Identity }> {
  const identity = await newIdentity();
  const recipients = [await recipientOf(identity, 'a test')];
  return { ...NO_VAULT, recipients, identity, identities: () => Promise.resolve([identity]) };
}
