import { hkdfSync } from 'node:crypto';
import { type Identity, recipientOf } from '../../age/keys.js';
import type { PublicKey, SigningKey } from '../../signature/keys.js';

/** The keys of a run: for whom new backups are encrypted, what opens encrypted ones, and who signs. */
export interface Vault {
  /** The age recipients of new backups; none: they are not encrypted. */
  readonly recipients: readonly string[];

  /** Resolves to the keys that open archives. Rejects with `configuration` if their file is wrong. */
  identities(): Promise<readonly Identity[]>;

  /**
   * Resolves to the key of this host, which opens the indexes of its own backups but no contents;
   * `undefined` if it has none.
   */
  hostIdentity(): Promise<Identity | undefined>;

  /**
   * The file keys of archives that are being written, on this host: with them the next run reads
   * what an interrupted one left.
   */
  readonly draftKeys: DraftKeys;

  /** Resolves to what signs new backups; `undefined`: nothing does. Rejects with `configuration`. */
  signingKey(): Promise<SigningKey | undefined>;

  /** One of these must have signed a backup that is verified or restored; none: nobody has to. */
  readonly signers: readonly PublicKey[];
}

export interface DraftKeys {
  put(id: string, fileKey: Buffer): Promise<void>;
  /** Resolves to `undefined` if there is none. */
  get(id: string): Promise<Buffer | undefined>;
  remove(id: string): Promise<void>;
}

/** Resolves to the public key of the host key; `undefined` if there is none. */
export async function hostRecipientOf(vault: Vault): Promise<string | undefined> {
  const identity = await vault.hostIdentity();
  return identity && (await recipientOf(identity, 'the key of this host'));
}

/** Resolves to 32 bytes that the host key and the purpose give; `undefined` if there is no host key. */
export async function hostSecretOf(vault: Vault, purpose: string): Promise<Buffer | undefined> {
  const identity = await vault.hostIdentity();
  if (identity === undefined) return undefined;
  return Buffer.from(hkdfSync('sha256', identity.text, '', `mangamotion ${purpose}`, 32));
}

/** For reading what is not encrypted. */
export const NO_VAULT: Vault = {
  recipients: [],
  identities: () => Promise.resolve([]),
  hostIdentity: () => Promise.resolve(undefined),
  draftKeys: {
    put: () => Promise.resolve(),
    get: () => Promise.resolve(undefined),
    remove: () => Promise.resolve(),
  },
  signingKey: () => Promise.resolve(undefined),
  signers: [],
};
