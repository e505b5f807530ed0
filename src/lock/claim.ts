import * as v from 'valibot';

/**
 * The place of the claims to one destination: a claim is a small text under a name of its own. Every
 * implementation passes the suite in test/contract.
 *
 * The lock rests on one promise: a `list` that begins after a `put` has resolved shows that claim,
 * whoever put it, until it is removed. Folders of one machine keep this promise, NFS keeps it after
 * a change by the same client in the same folder, and S3 has kept it since 2020, as do MinIO and
 * Ceph RGW.
 *
 * All methods reject with a MangamotionError, or with the signal's reason once it is aborted. A
 * request that failed or was aborted may have taken effect all the same.
 */
export interface ClaimStore {
  /** The destination as the user knows it, for messages. */
  readonly location: string;

  /** Creates or replaces a claim. Others see the old content or the new one, never a mixture. */
  put(name: string, content: string, signal?: AbortSignal): Promise<void>;

  /** Lists every claim that exists throughout; one that comes or goes meanwhile may be included. */
  list(signal?: AbortSignal): Promise<StoredClaim[]>;

  /** Removes a claim. A claim that does not exist is not an error. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

export interface StoredClaim {
  name: string;
  /** `undefined` where it cannot be read, or is far too long to be a claim. */
  content: string | undefined;
  /** When it was last put, by the store's clock, in ms since 1970; at most 2 s too early. */
  modifiedAtMs: number;
}

/** The folder of the claims in a destination; in a bucket it is part of their keys. */
export const CLAIMS_FOLDER = '.mangamotion-lock';
export const CLAIM_SUFFIX = '.json';
/** A larger file was not written by us, and is not read. */
export const LARGEST_CLAIM_BYTES = 64 * 1024;

/**
 * What a claim says. `trying`: the run is checking whether it may hold the lock, and withdraws its
 * claim or holds it in a moment. `held`: the run holds the lock.
 */
export interface Claim {
  state: 'trying' | 'held';
  /** RFC 3339, by the clock of the owner; only shown to people. */
  since: string;
  owner: LockOwner;
}

/** A run that wants to write into a destination. */
export interface LockOwner {
  host: string;
  pid: number;
  /** The command, shown to people. It holds no secret, as others can read it. */
  command: string;
  /** `null` where the system does not say: then only the lease ends its lock. */
  process: ProcessIdentity | null;
}

/** Distinguishes a process from every other that has, had or will have the same id. */
interface ProcessIdentity {
  /** The id of the running kernel; each start of the machine gives another one. */
  bootId: string;
  /** The namespaces within which a process id and a start time are unique. */
  namespaces: string;
  /** When the process started, in ticks since the machine started. */
  startTicks: string;
}

/** A newer version may count other claims as dead, so that this version cannot read its claims. */
const CLAIM_FORMAT = 1;

const schema = v.object({
  format: v.literal(CLAIM_FORMAT),
  state: v.picklist(['trying', 'held']),
  since: v.string(),
  host: v.string(),
  pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  command: v.string(),
  process: v.nullable(
    v.object({ boot_id: v.string(), namespaces: v.string(), start_ticks: v.string() }),
  ),
});

export function encodeClaim({ state, since, owner }: Claim): string {
  const { host, pid, command, process } = owner;
  const identity = process && {
    boot_id: process.bootId,
    namespaces: process.namespaces,
    start_ticks: process.startTicks,
  };
  const fields: v.InferOutput<typeof schema> = {
    ...{ format: CLAIM_FORMAT, state, since, host, pid, command },
    process: identity,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** Returns `undefined` where the content is not a whole claim. */
export function decodeClaim(content: string | undefined): Claim | undefined {
  const parsed = v.safeParse(schema, parseJson(content ?? ''));
  if (!parsed.success) return undefined;
  const { state, since, host, pid, command, process } = parsed.output;
  const identity = process && {
    bootId: process.boot_id,
    namespaces: process.namespaces,
    startTicks: process.start_ticks,
  };
  return { state, since, owner: { host, pid, command, process: identity } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
