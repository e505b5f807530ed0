import { randomBytes } from 'node:crypto';
import type { ChunkReference } from '../../src/archive/directory.js';
import type { IndexLine } from '../../src/archive/index-line.js';
import type { Retention } from '../../src/object-store/port.js';
import { compareObjects } from '../../src/key-order.js';
import { encryptedOf } from '../../src/repository/archives.js';
import type { Destination } from '../../src/repository/destination.js';
import { backupIdFor, partIdFor } from '../../src/repository/names.js';
import { type RunPlan, newToken } from '../../src/repository/runs/run-plan.js';
import { writePlan } from '../../src/repository/runs/runs.js';
import {
  type EncryptedRecord,
  type PartRecord,
  type Summary,
  SUMMARY_VERSION,
} from '../../src/repository/summary.js';
import { hastyClock } from './backups.js';
import { type SampleObject, addWhole, bucketsOf, inOrder } from './archive-samples.js';
import { summaryOf } from './summaries.js';

/** Backups of parts, made by hand at a destination as the head and the workers of a run make them. */

export interface MadePart {
  id: string;
  record: PartRecord;
  encrypted: EncryptedRecord | undefined;
  manifest: Summary;
  chunks: { chunk: ChunkReference; lines: IndexLine[] }[];
}

export interface MadeOfParts {
  id: string;
  summary: Summary;
  parts: MadePart[];
}

export interface MakeOptions {
  /** RFC 3339, to the second; the id is made of it. */
  at: string;
  sequence?: number;
  type?: 'full' | 'incremental';
  /** The objects of each new part. */
  shards: readonly (readonly SampleObject[])[];
  /** Parts of earlier backups whose objects are in this one, too. */
  earlier?: readonly MadePart[];
  parent?: string;
  source?: Partial<Summary['source']>;
  retention?: Retention | undefined;
  /** Leave the head away: the run has not ended. */
  withoutHead?: boolean;
  withPlan?: boolean;
}

/** Captures the objects into a part, whose manifest lies beside it. */
export async function makePart(
  destination: Destination,
  { at, type = 'full', retention }: Pick<MakeOptions, 'at' | 'type' | 'retention'>,
  objects: readonly SampleObject[],
  number: number,
): Promise<MadePart> {
  const createdAt = new Date(at);
  const run = backupIdFor(type, createdAt);
  const id = partIdFor(run, number, randomBytes(4).toString('hex'));
  const pending = await destination.beginAs({ id, createdAt }, hastyClock(createdAt), retention);
  for (const object of inOrder(objects)) await addWhole(pending.writer, object);
  const written = await pending.writer.finish(bucketsOf(objects));
  const sealed = await pending.seal();
  const bucket = objects[0]?.bucket ?? 'sample';
  const manifest = await pending.commit({
    ...summaryOf({ at, sequence: 1, type }),
    format: SUMMARY_VERSION,
    id,
    destination: destination.location,
    bytes: written.objectBytes,
    buckets: written.buckets,
    archive_bytes: sealed.bytes,
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    ...(retention === undefined ? {} : { lock: { ...retention, unprotected: 0 } }),
    ...(pending.recipients === undefined
      ? {}
      : { encryption: { scheme: 'age', recipients: [], archives: {} } }),
    shard: {
      ...{ run, token: newToken(), number, changes: [], leaves_gap: false },
      range: { bucket, after: null, through: null },
    },
  });
  const archive = await destination.openArchive(id, {
    sizeBytes: manifest.archive_bytes,
    encrypted: encryptedOf(manifest, id),
  });
  const directory = await archive.readDirectory(written.directory);
  const chunks: MadePart['chunks'] = [];
  for (const chunk of directory.chunks) {
    chunks.push({ chunk, lines: await archive.readChunk(chunk) });
  }
  await archive.close();
  const { archive_bytes, archive: file } = manifest;
  const encrypted = encryptedOf(manifest, id)?.record;
  return { id, record: { id, archive_bytes, archive: file }, encrypted, manifest, chunks };
}

/** Makes the parts of a backup, and then its head, which refers to all of them. */
export async function makeOfParts(
  destination: Destination,
  options: MakeOptions,
): Promise<MadeOfParts> {
  const { at, type = 'full', shards, retention } = options;
  const createdAt = new Date(at);
  const id = backupIdFor(type, createdAt);
  if (options.withPlan === true) await writePlan(destination, planOf(id, at, type));
  const parts: MadePart[] = [];
  for (const [number, objects] of shards.entries()) {
    parts.push(await makePart(destination, { at, type, retention }, objects, number));
  }
  const summary =
    options.withoutHead === true
      ? summaryOf({ at, sequence: 1, type })
      : await makeHead(destination, options, parts);
  return { id, parts, summary };
}

/** Binds parts into a backup. */
async function makeHead(
  destination: Destination,
  { at, type = 'full', earlier = [], retention, ...made }: MakeOptions,
  own: readonly MadePart[],
): Promise<Summary> {
  const createdAt = new Date(at);
  const id = backupIdFor(type, createdAt);
  const needed = [...earlier, ...own];
  const pending = await destination.beginAs({ id, createdAt }, hastyClock(createdAt), retention);
  const chunks = needed
    .flatMap((part) => part.chunks)
    .sort((a, b) => compareObjects(a.chunk.first, b.chunk.first));
  const names = [...new Set(chunks.flatMap(({ lines }) => lines.map(({ bucket }) => bucket)))];
  const buckets = names.sort().map((name) => ({ name, created_at: null, region: null }));
  const document = JSON.stringify({ buckets });
  await pending.writer.addDocument('metadata/buckets.json', Buffer.from(document));
  for (const { chunk, lines } of chunks) await pending.writer.refer(chunk, lines);
  const written = await pending.writer.finish(buckets);
  const sealed = await pending.seal();
  const records = needed.flatMap(({ id: part, encrypted }) =>
    encrypted === undefined ? [] : [[part, encrypted] as const],
  );
  const objects = summaryOf({ at, sequence: 1, type }).objects;
  return await pending.commit({
    ...summaryOf({ ...made, at, sequence: made.sequence ?? 1, type }),
    format: SUMMARY_VERSION,
    destination: destination.location,
    references: written.references,
    parts: needed.map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1)),
    objects: { ...objects, total: written.objects, captured: written.objects },
    bytes: written.objectBytes,
    buckets: written.buckets,
    archive_bytes: sealed.bytes,
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    ...(retention === undefined ? {} : { lock: { ...retention, unprotected: 0 } }),
    ...(pending.recipients === undefined
      ? {}
      : {
          encryption: {
            ...{ scheme: 'age' as const, recipients: [...pending.recipients] },
            archives: Object.fromEntries(records),
          },
        }),
  });
}

/** The plan of a run that is to make a backup of this id. */
function planOf(run: string, at: string, type: 'full' | 'incremental' = 'full'): RunPlan {
  return {
    ...{ format: 1, run, token: newToken(), name: null, type, tool: 'test', created_at: at },
    source: { endpoint: 'http://127.0.0.1:9000', buckets: null, excluded_buckets: [] },
    ...{ earlier: null, last_trusted: null, refresh_metadata: false, acls: false },
    ...{ lockable: [], recipients: [], host_recipient: null, lock: null, shards: [] },
  };
}

/** Objects with keys of that beginning, and some content. */
export function objectsOf(prefix: string, count = 3): SampleObject[] {
  return Array.from({ length: count }, (_, at) => ({
    bucket: 'sample',
    key: `${prefix}/${String(at).padStart(4, '0')}`,
    content: Buffer.from(`${prefix} ${at} `.repeat(20)),
  }));
}
