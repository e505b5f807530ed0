import { crc32 } from 'node:zlib';
import type { ObjectRecord } from './index-line.js';
import type { ObjectName } from '../key-order.js';

/**
 * Decides where an index chunk ends: only by the objects, not by where their bytes lie or what came
 * before, so the unchanged stretches of two backups have the same chunks. Pure.
 */

const MEAN_OBJECTS = 8192;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_OBJECT_BYTES = 1024 * 1024 * 1024;

/** A generous estimate of the fixed part of a line: field names, digests and numbers. */
const FIXED_LINE_BYTES = 400;
const RETENTION_BYTES = 75;
const LEGAL_HOLD_BYTES = 18;

export class ChunkBoundary {
  #lineBytes = 0;
  #objectBytes = 0;

  /** Adds an object. Returns true if it is the last one of its chunk. */
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

  /** Call this if a chunk ends for another reason. */
  reset(): void {
    this.#lineBytes = 0;
    this.#objectBytes = 0;
  }
}

function endsByName({ bucket, key }: ObjectName): boolean {
  return crc32(`${bucket}\0${key}`) % MEAN_OBJECTS === 0;
}

/**
 * Whether these objects end a chunk by the rules. False for the last chunk of an archive, which
 * ended only because there were no more objects.
 */
export function isWholeChunk(records: readonly ObjectRecord[]): boolean {
  const last = records.at(-1);
  if (last === undefined) return false;
  if (endsByName(last)) return true;
  const boundary = new ChunkBoundary();
  return records.map((record) => boundary.endsWith(record)).at(-1) === true;
}

/** Returns an upper estimate of the line's length, which does not depend on where the bytes lie. */
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
  // Absent fields add nothing, so that older backups keep their chunk boundaries.
  for (const more of [record.encryption, record.storage_class, record.checksums, record.acl]) {
    if (more !== undefined) bytes += 32 + Buffer.byteLength(JSON.stringify(more));
  }
  return bytes;
}
