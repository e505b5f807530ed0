import { inParallel } from '../../in-parallel.js';
import { marksBeside, noSuchBackup } from '../backup-entry.js';
import type { BackupEntry } from '../destination.js';
import { plainBytesOf } from '../encryption/open-encrypted.js';
import { SharedRecords } from '../encryption/shared-records.js';
import { isEncrypted } from '../encryption-choice.js';
import { bySequence } from '../history.js';
import {
  ARCHIVE_SUFFIX,
  ARCHIVE_SUFFIXES,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
  backupIdOf,
} from '../names.js';
import { PartSizes } from '../parts.js';
import type { DecodedSummary } from '../summary.js';
import type { PlaceRequests, Stored } from './place-requests.js';
import type { S3Place } from './s3-place.js';
import { S3Source } from './s3-source.js';
import { LaterSummary } from './stored-at.js';

/** The number of summaries read at once; together they have a few hundred kB. */
const READ_AT_ONCE = 16;

/** Storage classes that cannot be read before RestoreObject. GLACIER_IR can be. */
const COLD_CLASSES: ReadonlySet<string | null | undefined> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** What backups a place in a bucket holds, by their summaries and the objects beside them. */
export class S3Entries {
  readonly #requests: PlaceRequests;
  readonly #place: S3Place;

  constructor(requests: PlaceRequests, place: S3Place) {
    this.#requests = requests;
    this.#place = place;
  }

  async list({ proven = false } = {}): Promise<BackupEntry[]> {
    const objects = await (proven ? this.#requests.allObjects() : this.#requests.objects());
    const ids = [...objects.keys()].filter((name) => name.endsWith(SUMMARY_SUFFIX)).map(backupIdOf);
    const known = ids.filter((id) => id !== undefined);
    const records = new SharedRecords();
    const parts = new PartSizes((file) => Promise.resolve(objects.get(file)?.sizeBytes ?? null));
    const find = (id: string) => this.#find(id, objects, records, parts);
    const found = await inParallel(READ_AT_ONCE, known, find);
    // A backup that was pruned after the listing is missing.
    return found.filter((backup) => backup !== undefined).sort(bySequence);
  }

  /** Reads only the summary, in one request. */
  async read(id: string): Promise<BackupEntry> {
    const summary = await this.#requests.summary(id);
    if (summary !== undefined) {
      const archiveBytes = summary.kind === 'valid' ? summary.summary.archive_bytes : null;
      return { id, summary, archiveBytes, expired: false };
    }
    const names = await this.#requests.objects(id);
    const isUncommitted = ARCHIVE_SUFFIXES.some((suffix) => names.has(id + suffix));
    throw noSuchBackup(id, this.#place.url, isUncommitted);
  }

  async archiveBytesOf({
    id,
    summary,
  }: Pick<BackupEntry, 'id' | 'summary'>): Promise<number | null> {
    const objects = await this.#requests.objects(id);
    return (await this.#archiveAmong(objects, id, summary)).archiveBytes;
  }

  /** `objects`: all of the place. */
  async #find(
    id: string,
    objects: ReadonlyMap<string, Stored>,
    records: SharedRecords,
    parts: PartSizes,
  ): Promise<BackupEntry | undefined> {
    const read = await this.#requests.summary(id).catch(laterAsDamaged);
    if (read === undefined) return undefined;
    const summary = records.in(read);
    const { archive, archiveBytes } = await this.#archiveAmong(objects, id, summary);
    const sidecarBytes = objects.get(id + SIDECAR_SUFFIX)?.sizeBytes ?? null;
    return {
      ...{ id, summary, archiveBytes },
      ...marksBeside(id, objects),
      ...(isEncrypted({ summary }) ? { sidecarBytes } : {}),
      ...(await parts.of({ summary })),
      ...coldAmong(objects, summary),
      ...(COLD_CLASSES.has(archive?.storageClass) ? { cold: true } : {}),
    };
  }

  /** The size of an archive that a person encrypted is that before encryption, as in its summary. */
  async #archiveAmong(
    objects: ReadonlyMap<string, Stored>,
    id: string,
    decoded: DecodedSummary,
  ): Promise<{ archive: Stored | undefined; archiveBytes: number | null }> {
    const plain = objects.get(id + ARCHIVE_SUFFIX);
    const encrypted = objects.get(id + ENCRYPTED_SUFFIX);
    const summary = decoded.kind === 'valid' ? decoded.summary : undefined;
    const isOurs = summary?.encryption !== undefined;
    const archive = isOurs ? encrypted : (plain ?? encrypted);
    if (archive === undefined) return { archive, archiveBytes: null };
    const isByHand = summary !== undefined && !isOurs && archive === encrypted;
    if (!isByHand) return { archive, archiveBytes: archive.sizeBytes };
    const key = this.#requests.key(id, ENCRYPTED_SUFFIX);
    const source = new S3Source(this.#place, key, archive.sizeBytes);
    return { archive, archiveBytes: await plainBytesOf(source, id) };
  }
}

/** Returns which of the parts that a backup needs are in cold storage. */
function coldAmong(
  objects: ReadonlyMap<string, Stored>,
  decoded: DecodedSummary,
): Pick<BackupEntry, 'coldParts'> {
  const parts = decoded.kind === 'valid' ? (decoded.summary.parts ?? []) : [];
  const cold = parts.filter(({ archive: { file } }) =>
    COLD_CLASSES.has(objects.get(file)?.storageClass),
  );
  return cold.length === 0 ? {} : { coldParts: new Set(cold.map(({ id }) => id)) };
}

/** A backup that is left out of the past is listed with the reason. */
function laterAsDamaged(error: unknown): DecodedSummary {
  if (error instanceof LaterSummary) return { kind: 'damaged', reason: error.reason };
  throw error;
}
