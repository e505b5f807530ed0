import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import * as v from 'valibot';
import { readSmallFile, replaceFile } from '../files/bounded.js';

/** The file in a state folder that keeps what `doctor --probe` found out, by the endpoint of the server. */
export const SERVERS_FILE = 'servers.json';
const SERVERS_VERSION = 1;
const MOST_BYTES = 1024 * 1024;
/** An older finding is left out: the server may be another version by now. */
const LONGEST_AGE_MS = 90 * 86_400_000;
const CLOCK_TOLERANCE_MS = 5 * 60_000;

const fileSchema = v.object({
  version: v.literal(SERVERS_VERSION),
  servers: v.record(v.string(), v.looseObject({ probed_at: v.string() })),
});

/** An answer that this version does not know counts as none. */
const answer = <const Words extends readonly string[]>(words: Words) =>
  v.fallback(v.optional(v.picklist(words)), undefined);
const kept = answer(['kept', 'changed', 'unsupported']);

const schema = v.object({
  probed_at: v.pipe(v.string(), v.isoTimestamp()),
  listing: answer(['complete', 'ends_early']),
  start_after: answer(['behind', 'with_the_key', 'ignored']),
  metadata: kept,
  tags: kept,
  checksums: kept,
  keys: v.fallback(
    v.optional(v.record(v.string(), v.picklist(['kept', 'renamed', 'refused']))),
    undefined,
  ),
  lock: answer(['resists', 'gives_in', 'unsupported', 'unproved']),
});

/** What `doctor --probe` found out about a server. It only ever makes a run more careful. */
export type ServerFindings = v.InferOutput<typeof schema>;

/** Reads what is known of all servers; empty where there is no file that can be read. */
async function readServers(stateFolder: string): Promise<Record<string, object>> {
  try {
    const file = path.join(stateFolder, SERVERS_FILE);
    const { bytes } = await readSmallFile(file, { mostBytes: MOST_BYTES });
    const json = v.pipe(v.string(), v.parseJson(), fileSchema);
    const parsed = v.safeParse(json, bytes.toString('utf8'));
    return parsed.success ? parsed.output.servers : {};
  } catch {
    return {};
  }
}

/**
 * Keeps a finding under its name, in place of the one before. A file that cannot be read begins anew.
 * Resolves to its path. Rejects with an error of the file system.
 */
export async function keepServer(
  stateFolder: string,
  name: string,
  finding: { probed_at: string },
): Promise<string> {
  const file = path.join(stateFolder, SERVERS_FILE);
  const servers = { ...(await readServers(stateFolder)), [name]: finding };
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  await replaceFile(file, `${JSON.stringify({ version: SERVERS_VERSION, servers }, null, 2)}\n`);
  return file;
}

/**
 * The name of the finding about the locks of a bucket. `doctor --probe` tries a bucket of its own, by the
 * endpoint alone: another bucket may have another owner, and another policy.
 */
export function lockFindingName(
  endpoint: string,
  { bucket, mode }: { bucket: string; mode: string },
): string {
  return `${endpoint}/${bucket} ${mode}`;
}

/**
 * Resolves to the latest findings about the server in these state folders; `undefined` if there are
 * none of the last 90 days. Never rejects: a run goes on without them.
 */
export async function readFindings(
  stateFolders: readonly string[],
  endpoint: string,
  now: Date,
): Promise<ServerFindings | undefined> {
  let latest: ServerFindings | undefined;
  for (const folder of stateFolders) {
    const known = new Map(Object.entries(await readServers(folder)));
    const { success, output } = v.safeParse(schema, known.get(endpoint));
    if (!success) continue;
    const ageMs = now.getTime() - Date.parse(output.probed_at);
    if (!(ageMs >= -CLOCK_TOLERANCE_MS && ageMs <= LONGEST_AGE_MS)) continue;
    if (latest === undefined || Date.parse(output.probed_at) > Date.parse(latest.probed_at)) {
      latest = output;
    }
  }
  return latest;
}

/** Explains why listings of this server cannot be trusted, and how that is known; `undefined` if they can. */
export function whyListingsAreDoubted(findings: ServerFindings | undefined): string | undefined {
  if (findings === undefined) return undefined;
  const { listing, start_after } = findings;
  if (listing === 'ends_early') return `${foundBy(findings)}: its listings end early`;
  if (start_after === 'ignored') return `${foundBy(findings)}: it ignores start-after`;
  return undefined;
}

/** Begins a sentence: by what a finding is known, and since when. */
export function foundBy({ probed_at: at }: Pick<ServerFindings, 'probed_at'>): string {
  return `doctor --probe tried this server on ${at.slice(0, 10)}`;
}
