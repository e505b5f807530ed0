import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { readSmallFile, replaceFile } from '../../files/bounded.js';
import { syncFolder } from '../../files/sync.js';
import { describeOwner, isKnownDead } from '../../lock/owner.js';

/** A bucket that a probe is about to make, or has made. */
export interface JournalEntry {
  endpoint: string;
  bucket: string;
  /** The content of an object in it: a bucket without it is somebody else's. */
  token: string;
}

const schema = v.object({
  endpoint: v.string(),
  bucket: v.pipe(v.string(), v.regex(/^mangamotion-probe-[0-9a-f]{32}$/)),
  token: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  at: v.pipe(v.string(), v.isoTimestamp()),
  owner: v.object({
    host: v.string(),
    pid: v.number(),
    command: v.string(),
    process: v.nullable(
      v.object({ bootId: v.string(), namespaces: v.string(), startTicks: v.string() }),
    ),
  }),
});

/** Of a probe whose process is not known, nothing can be alive after this. */
const DEAD_AFTER_MS = 3_600_000;
const MOST_BYTES = 16 * 1024;

/** Names each bucket before it is made, in a file of its own, so that none stays for ever. */
export class ProbeJournal {
  readonly #folder: string;

  /** `stateFolder` is absolute; the journal is in a subfolder. */
  constructor(stateFolder: string) {
    this.#folder = path.join(stateFolder, 'doctor-probes');
  }

  async add({ endpoint, bucket, token }: JournalEntry, now: Date): Promise<void> {
    const owner = await describeOwner('doctor --probe');
    const file = this.#fileOf(bucket);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const entry = { endpoint, bucket, token, at: now.toISOString(), owner };
      await replaceFile(file, `${JSON.stringify(entry)}\n`);
      await syncFolder(this.#folder);
    } catch (error) {
      throw translateFileError(error, 'write', file);
    }
  }

  /** Resolves to the buckets at this server of probes that have ended. */
  async dead(endpoint: string, now: Date): Promise<JournalEntry[]> {
    const observer = await describeOwner('doctor');
    const entries: JournalEntry[] = [];
    for (const name of await this.#names()) {
      const entry = await readEntry(path.join(this.#folder, name));
      if (entry?.endpoint !== endpoint || `${entry.bucket}.json` !== name) continue;
      const isOld = now.getTime() - Date.parse(entry.at) > DEAD_AFTER_MS;
      if (isOld || (await isKnownDead(entry.owner, observer))) entries.push(entry);
    }
    return entries;
  }

  async remove(bucket: string): Promise<void> {
    await rm(this.#fileOf(bucket), { force: true });
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw translateFileError(error, 'read', this.#folder);
    }
  }

  #fileOf(bucket: string): string {
    return path.join(this.#folder, `${bucket}.json`);
  }
}

async function readEntry(file: string) {
  try {
    const { bytes } = await readSmallFile(file, { mostBytes: MOST_BYTES });
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), bytes.toString('utf8'));
    return parsed.success ? parsed.output : undefined;
  } catch {
    // Another probe has just removed it.
    return undefined;
  }
}
