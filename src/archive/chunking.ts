import { crc32 } from 'node:zlib';
import type { ObjectRecord } from './index-line.js';
import type { ObjectName } from '../key-order.js';

/**
 * Where an index chunk ends. The choice depends on the objects alone, not on where their bytes lie
 * or what came before, so that the unchanged stretches of two backups have the same chunks.
 */

const MEAN_OBJECTS = 8192;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_OBJECT_BYTES = 1024 * 1024 * 1024;

/** The fixed part of a line (names of fields, digests, numbers), generously. */
const FIXED_LINE_BYTES = 400;
const RETENTION_BYTES = 75;
const LEGAL_HOLD_BYTES = 18;

export class ChunkBoundary {
  #lineBytes = 0;
  #objectBytes = 0;

  /** Counts the object in; true when it is the last one of its chunk. */
  endsWith(record: ObjectRecord): boolean {
    this.#lineBytes += weightOf(record);
    this.#objectBytes += record.size;
    const ends =
      endsByName(record) ||
      this.#lineBytes >= MAX_LINE_BYTES ||
      this.#objectBytes >= MAX_OBJECT_BYTES;
    if (ends) this.reset();
    return ends;
  }

  /** A chunk has ended for another reason: the next object begins one. */
  reset(): void {
    this.#lineBytes = 0;
    this.#objectBytes = 0;
  }
}

function endsByName({ bucket, key }: ObjectName): boolean {
  return crc32(`${bucket}\0${key}`) % MEAN_OBJECTS === 0;
}

/**
 * Whether the objects would end a chunk again: false for the last chunk of an archive, which ended
 * because there was no more.
 */
export function isWholeChunk(records: readonly ObjectRecord[]): boolean {
  const last = records.at(-1);
  if (last === undefined) return false;
  if (endsByName(last)) return true;
  const boundary = new ChunkBoundary();
  return records.map((record) => boundary.endsWith(record)).at(-1) === true;
}

/** An upper estimate of the line's length that does not depend on where the bytes lie. */
function weightOf(record: ObjectRecord): number {
  let bytes = FIXED_LINE_BYTES + 2 * Buffer.byteLength(record.key) + 2 * record.bucket.length;
  for (const values of [record.headers, record.metadata]) {
    for (const [name, value] of Object.entries(values ?? {})) {
      bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 6;
    }
  }
  for (const tag of record.tags ?? []) {
    bytes += Buffer.byteLength(tag.key) + Buffer.byteLength(tag.value) + 24;
  }
  if (record.retention !== undefined) bytes += RETENTION_BYTES;
  if (record.legal_hold === true) bytes += LEGAL_HOLD_BYTES;
  // Absent fields count nothing, so that the chunks of older backups still end at the same objects.
  for (const more of [record.encryption, record.storage_class, record.checksums, record.acl]) {
    if (more !== undefined) bytes += 32 + Buffer.byteLength(JSON.stringify(more));
  }
  return bytes;
}
