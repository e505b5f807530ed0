import * as v from 'valibot';

/**
 * Where the claims to one destination lie: a claim is a small text under a name of its own. Every
 * implementation passes the suite in test/contract.
 *
 * The lock rests on one promise: a `list` that begins after a `put` has resolved shows that claim,
 * whoever made it, until it is removed. Folders of one machine keep it, NFS does after a change of
 * one's own in the same folder, and S3 promises it since 2020 (MinIO and Ceph RGW do too).
 *
 * All methods reject with a MangamotionError, or with the signal's reason once it is aborted. What
 * was aborted or failed may have been done all the same.
 */
export interface ClaimStore {
  /** The destination as the user knows it, for messages. */
  readonly location: string;

  /** Creates or replaces: others see the old content or the new one, never a mixture. */
  put(name: string, content: string, signal?: AbortSignal): Promise<void>;

  /** Every claim that was there all the while; one that comes or goes meanwhile may be in it. */
  list(signal?: AbortSignal): Promise<StoredClaim[]>;

  /** One that is not there is no error. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

export interface StoredClaim {
  name: string;
  /** `undefined` where it cannot be read, or is far too long to be a claim. */
  content: string | undefined;
  /** When it was last put, by the clock of the store, at most 2 s too early; ms since 1970. */
  modifiedAtMs: number;
}

/** The folder of the claims in a destination; in a bucket it is part of their keys. */
export const CLAIMS_FOLDER = '.mangamotion-lock';
export const CLAIM_SUFFIX = '.json';
/** What is larger was not written by us, and is not worth reading. */
export const LARGEST_CLAIM_BYTES = 64 * 1024;

/**
 * What a claim says. `trying` is the claim of a run that looks whether it may have the lock, and
 * will withdraw it or hold it in a moment; `held` is that of the run that has it.
 */
export interface Claim {
  state: 'trying' | 'held';
  /** RFC 3339, by the clock of the owner: for people only. */
  since: string;
  owner: LockOwner;
}

/** A run that wants to write into a destination. */
export interface LockOwner {
  host: string;
  pid: number;
  /** What it does, for people. Holds no secret: others can read it. */
  command: string;
  /** `null` where the system does not tell, so that only the lease can end its lock. */
  process: ProcessIdentity | null;
}

/** Tells one process from every other that has, had or will have the same id. */
interface ProcessIdentity {
  /** Of the running kernel: another one after each start of the machine. */
  bootId: string;
  /** In which process ids and times since the start mean the same. */
  namespaces: string;
  /** When the process began, in ticks since the machine did. */
  startTicks: string;
}

/** A newer version may count other claims as dead; to this one its claims are unreadable. */
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

/** `undefined` for what is no claim, or not a whole one. */
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
