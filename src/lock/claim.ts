import * as v from 'valibot';

/** Returns which claims are read, of these names of all claims in order. */
export type ChooseClaims = (names: readonly string[]) => readonly string[];

/**
 * The store of the claims to one destination. A claim is a small text under its own name. Every
 * implementation passes the suite in test/contract.
 *
 * The lock relies on one promise: a `list` that begins after a `put` has resolved includes that
 * claim, whoever put it, until it is removed. Local folders keep this promise, NFS keeps it after a
 * change by the same client in the same folder, and S3 has kept it since 2020, as do MinIO and Ceph
 * RGW.
 *
 * All methods reject with a MangamotionError, or with the signal's reason once it is aborted. A
 * failed or aborted request may still have taken effect.
 */
export interface ClaimStore {
  readonly location: string;

  /** Creates or replaces a claim. Readers see the old content or the new one, never a mixture. */
  put(name: string, content: string, signal?: AbortSignal): Promise<void>;

  /**
   * Lists the claims. One that comes or goes meanwhile may be missing. `choose` is given the names of all,
   * in order, and returns those that are read; it may be called twice. The list then rejects with
   * `refused` where a server does not show that its listing is complete.
   */
  list(signal?: AbortSignal, choose?: ChooseClaims): Promise<StoredClaim[]>;

  /** Removes a claim. A claim that does not exist is not an error. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

export interface StoredClaim {
  name: string;
  /** `undefined` if it is unreadable or too long for a claim. */
  content: string | undefined;
  /** When it was last put, in ms since 1970 by the store's clock; at most 2 s too early. */
  modifiedAtMs: number;
}

/** The folder of the claims in a destination, or the last part of their key prefix in a bucket. */
export const CLAIMS_FOLDER = '.mangamotion-lock';
export const CLAIM_SUFFIX = '.json';
/** A larger file is not a claim of ours, and is not read. */
export const LARGEST_CLAIM_BYTES = 64 * 1024;

/**
 * The content of a claim. `trying`: the run is checking whether it may take the lock, and will soon
 * hold or withdraw its claim. `held`: the run holds the lock.
 */
export interface Claim {
  state: 'trying' | 'held';
  /** RFC 3339, by the owner's clock; for people only. */
  since: string;
  owner: LockOwner;
}

export interface LockOwner {
  host: string;
  pid: number;
  /** The command, for people. It holds no secret, because others can read it. */
  command: string;
  /** `null` if the system does not tell: only the lease then ends its lock. */
  process: ProcessIdentity | null;
}

/** Distinguishes a process from all others that have ever had, or will have, its id. */
interface ProcessIdentity {
  /** The boot id of the running kernel, which changes with each boot. */
  bootId: string;
  /** The namespaces in which process id and start time are unique. */
  namespaces: string;
  /** When the process started, in clock ticks since boot. */
  startTicks: string;
}

/**
 * A newer version may have other rules for dead claims, so this version must not read its claims.
 */
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
