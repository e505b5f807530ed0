import type { Identity } from '../../age/keys.js';
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
