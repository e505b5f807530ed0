import type { Identity } from '../../age/keys.js';

/** The keys of a run: for whom new backups are encrypted, and what encrypted ones can be opened. */
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
};
