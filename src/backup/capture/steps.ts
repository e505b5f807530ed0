import type { Archive } from '../../archive/archive.js';
import type { ArchiveWriter } from '../../archive/archive-writer.js';
import type { IndexLine } from '../../archive/index-line.js';
import { LONGEST_KEY } from '../../archive/limits.js';
import { MangamotionError } from '../../errors.js';
import type { ObjectHead } from '../../object-store/port.js';
import { prefetchInOrder } from '../../prefetch.js';
import { Arena } from './arena.js';
import type { Baseline } from '../plan/baseline.js';
import type { Step } from '../plan/changes.js';
import { DigestThread } from './digest-thread.js';
import { type ReadContext, fetchWhole } from './fetch.js';
import type { CaptureLedger } from './ledger.js';
import type { ListedInBucket } from '../plan/listing.js';
import { type Looked, lookAt } from './head-checks.js';
import { type ListingTrust, askForMissing } from '../plan/listing-trust.js';
import { copySalvaged, isReadWhole, readSalvaged } from '../archived-object.js';
import { streamObject } from './stream-object.js';

const PREFETCH_LIMITS = { mostRequests: 32, mostBytes: 12 * 1024 * 1024 };
/** For what is fetched and what still waits to be written. */
const ARENA_BYTES = 18 * 1024 * 1024;
/** Objects up to this size are fetched into memory; larger ones are streamed, one at a time. */
const LARGEST_PREFETCHED_BYTES = 8 * 1024 * 1024;
/** What a fetched object costs besides its bytes: names, headers, promises. */
const FIXED_WEIGHT_BYTES = 16 * 1024;
/** The same of an object that is only named. */
const CARRIED_WEIGHT_BYTES = 1024;

export interface CaptureContext extends ReadContext {
  writer: ArchiveWriter;
  /** Counts and names what becomes of the objects. */
  ledger: CaptureLedger;
  /** `undefined` for the first backup of a line. */
  baseline: Baseline | undefined;
  trust: ListingTrust;
  /** The time at which the run began to look at the store. */
  startedAt: Date;
  onProgress: (counts: { objects: number; bytes: number }) => void;
}

/**
 * Takes the steps, in their order: copies objects into the archive, or names them where they are. An
 * object that cannot be read is taken over from the earlier backup where that has it, and is named
 * in the ledger. Rejects with what ends the run.
 */
export async function capture(
  context: CaptureContext,
  steps: AsyncIterable<readonly Step[]>,
): Promise<void> {
  // When writing fails, what is still being fetched is given up.
  const givenUp = new AbortController();
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const run = new Capture({ ...context, signal });
  const { counts } = context.ledger;
  try {
    const prepared = prefetchInOrder(steps, PREFETCH_LIMITS, weigh, (step) => run.prepare(step));
    for await (const { result: write } of prepared) {
      signal.throwIfAborted();
      await write();
      context.onProgress({ objects: counts.total, bytes: counts.bytes });
    }
  } finally {
    givenUp.abort();
    await run.close();
  }
}

function weigh(step: Step): number {
  switch (step.kind) {
    case 'take': {
      const { sizeBytes } = step.object;
      return FIXED_WEIGHT_BYTES + (isPrefetched(sizeBytes) ? sizeBytes : 0);
    }
    case 'salvage':
      return FIXED_WEIGHT_BYTES + (isReadWhole(step.line) ? step.line.size : 0);
    case 'missing':
    case 'look':
      return FIXED_WEIGHT_BYTES;
    case 'keep':
    case 'carry':
      return CARRIED_WEIGHT_BYTES;
    case 'refer':
      return step.lines.length * CARRIED_WEIGHT_BYTES;
  }
}

function isPrefetched(sizeBytes: number): boolean {
  return sizeBytes <= LARGEST_PREFETCHED_BYTES;
}

/** Puts into the archive what was prepared, when its turn has come. */
type Write = () => Promise<void>;

class Capture {
  readonly #context: CaptureContext;
  readonly #arena = new Arena(ARENA_BYTES);
  readonly #digests = new DigestThread();

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  async close(): Promise<void> {
    await this.#digests.close();
  }

  /** Does what can be done before the step's turn, many at a time. */
  async prepare(step: Step): Promise<Write> {
    switch (step.kind) {
      case 'take':
        return await this.#prepareTake(step, step.before);
      case 'look':
        return await this.#prepareLook(step, step.line);
      case 'salvage':
        return await this.#prepareSalvage(step, step.line, step.archive, step.before);
      case 'missing':
        return await this.#prepareMissing(step.line);
      case 'keep':
        return () => this.#keep(step.line);
      case 'carry':
        return () => this.#carry(step.line);
      case 'refer':
        return () => this.#refer(step);
    }
  }

  async #prepareTake(listed: ListedInBucket, before: IndexLine | undefined): Promise<Write> {
    // A chunk of the index with a longer one could not be read, with all objects that it names.
    if (listed.object.key.length > LONGEST_KEY) {
      return () => this.#fail(listed, keyTooLong(listed), before);
    }
    if (!isPrefetched(listed.object.sizeBytes)) return () => this.#stream(listed, before);
    const { ledger, writer } = this.#context;
    const source = { ...this.#context, arena: this.#arena, digests: this.#digests };
    const fetched = await fetchWhole(source, listed, before, LARGEST_PREFETCHED_BYTES);
    if (fetched.kind === 'stream') return () => this.#stream(listed, before);
    if (fetched.kind === 'vanished') return () => this.#vanished(listed, before);
    if (fetched.kind === 'failed') return () => this.#fail(listed, fetched.error, before);
    const { record, content, release, changed, findings } = fetched;
    return async () => {
      await writer.addWholeObject(record, [content], release);
      ledger.captured(record, { bytes: record.size, changed }, findings);
      this.#compare(listed, before);
    };
  }

  async #prepareLook(listed: ListedInBucket, line: IndexLine): Promise<Write> {
    return await this.#afterLook(listed, line, await lookAt(this.#context, listed, line, line));
  }

  async #afterLook(listed: ListedInBucket, line: IndexLine, looked: Looked): Promise<Write> {
    switch (looked.kind) {
      case 'same':
        return async () => {
          await this.#context.writer.carry(looked.line);
          this.#context.ledger.unchanged([looked.line], 'verified', looked.findings);
          this.#context.ledger.changes.kept(line.bucket);
        };
      case 'other':
        return await this.#prepareTake(listed, line);
      case 'vanished':
        return () => this.#vanished(listed, line);
      case 'failed':
        return () => this.#fail(listed, looked.error, line);
    }
  }

  /** Whatever a listing does not show is asked for; the bytes alone are taken from the torn archive. */
  async #prepareSalvage(
    listed: ListedInBucket,
    line: IndexLine,
    from: Archive,
    before: IndexLine | undefined,
  ): Promise<Write> {
    const looked = await lookAt(this.#context, listed, line, before);
    if (looked.kind === 'vanished') return () => this.#vanished(listed, before);
    if (looked.kind !== 'same') return await this.#prepareTake(listed, before);
    const { line: record, findings } = looked;
    const salvaged = (): void => {
      const how = { bytes: record.size, changed: false, salvaged: true };
      this.#context.ledger.captured(record, how, findings);
      this.#compare(listed, before);
    };
    if (!isReadWhole(line)) {
      return async () => {
        if (await copySalvaged(from, record, this.#context.writer)) salvaged();
        else await this.#stream(listed, before);
      };
    }
    const parts = await readSalvaged(from, line);
    if (parts === undefined) return await this.#prepareTake(listed, before);
    return async () => {
      await this.#context.writer.addWholeObject(record, parts);
      salvaged();
    };
  }

  async #prepareMissing(line: IndexLine, always = false): Promise<Write> {
    const { trust, ledger, startedAt } = this.#context;
    if (!trust.asksFor(line.bucket) && !always) {
      return async () => {
        // The listing may have lost its credit while this one waited for its turn.
        if (trust.untrusted.has(line.bucket)) {
          await (
            await this.#prepareMissing(line, true)
          )();
          return;
        }
        trust.assume(line.bucket);
        ledger.changes.deleted(line.bucket);
      };
    }
    const verdict = await askForMissing(this.#context, line);
    switch (verdict.kind) {
      case 'gone':
        return () => {
          ledger.changes.deleted(line.bucket);
          return Promise.resolve();
        };
      case 'unproven':
        return () => this.#takeOver(line, verdict.error);
      case 'there': {
        const { head } = verdict;
        const write = await this.#prepareFound(line, head);
        return async () => {
          // What was written since the run began is news, and no fault of the listing.
          const isNews = Date.parse(head.lastModified) >= startedAt.getTime();
          if (!isNews) trust.leftOut(line);
          await write();
        };
      }
    }
  }

  /** An object that HEAD found and the listing had not. */
  async #prepareFound(
    line: IndexLine,
    { sizeBytes, etag, lastModified }: ObjectHead,
  ): Promise<Write> {
    const { bucket, key } = line;
    // A head has whole seconds; the line may be more precise.
    const sameTime =
      Math.trunc(Date.parse(line.last_modified) / 1000) * 1000 === Date.parse(lastModified);
    const time = sameTime || lastModified === '' ? line.last_modified : lastModified;
    const listed = { bucket, object: { key, sizeBytes, etag, lastModified: time } };
    const isSame = etag !== '' && etag === line.etag && sizeBytes === line.size;
    return isSame && this.#context.baseline?.type === 'incremental'
      ? await this.#prepareLook(listed, line)
      : await this.#prepareTake(listed, line);
  }

  async #stream(listed: ListedInBucket, before: IndexLine | undefined): Promise<void> {
    const { ledger } = this.#context;
    const { total, bytes } = ledger.counts;
    const onBytes = (read: number) =>
      this.#context.onProgress({ objects: total, bytes: bytes + read });
    const streamed = await streamObject(this.#context, listed, before, onBytes);
    switch (streamed.kind) {
      case 'captured': {
        const name = { bucket: listed.bucket, key: listed.object.key };
        ledger.captured(name, streamed, streamed.findings);
        this.#compare(listed, before);
        return;
      }
      case 'vanished':
        await this.#vanished(listed, before);
        return;
      case 'failed':
        await this.#fail(listed, streamed.error, before);
        return;
    }
  }

  async #carry(line: IndexLine): Promise<void> {
    await this.#context.writer.carry(line);
    this.#context.ledger.unchanged([line], 'unverified');
    this.#context.ledger.changes.kept(line.bucket);
  }

  async #refer({ chunk, lines }: Extract<Step, { kind: 'refer' }>): Promise<void> {
    const { writer, ledger } = this.#context;
    await writer.refer(chunk, lines);
    ledger.unchanged(lines, 'unverified');
    for (const { bucket } of lines) ledger.changes.kept(bucket);
  }

  /** Proven gone between the listing and the read. */
  #vanished({ bucket }: ListedInBucket, before: IndexLine | undefined): Promise<void> {
    const { ledger } = this.#context;
    ledger.vanished();
    if (before !== undefined) ledger.changes.deleted(bucket);
    return Promise.resolve();
  }

  async #fail(
    { bucket, object: { key } }: ListedInBucket,
    error: MangamotionError,
    before: IndexLine | undefined,
  ): Promise<void> {
    if (before === undefined) this.#context.ledger.failed({ bucket, key }, error, false);
    else await this.#takeOver(before, error);
  }

  /** The earlier backup's copy stands in for what could not be read. */
  async #takeOver(line: IndexLine, error: MangamotionError): Promise<void> {
    const { baseline, writer, ledger } = this.#context;
    ledger.changes.kept(line.bucket);
    const lent = await baseline?.lend(line, writer);
    if (lent === undefined) ledger.failed(line, error, true);
    else ledger.carried(line, lent, error);
  }

  /** Its bucket could not be listed, so nobody knows whether it is still there. */
  async #keep(line: IndexLine): Promise<void> {
    const { baseline, writer, ledger } = this.#context;
    ledger.changes.kept(line.bucket);
    const lent = await baseline?.lend(line, writer);
    if (lent === undefined) ledger.failed(line, notListed(line), true);
    else ledger.kept(line, lent);
  }

  #compare({ bucket, object }: ListedInBucket, before: IndexLine | undefined): void {
    if (before === undefined) return;
    const { changes } = this.#context.ledger;
    if (object.etag === before.etag && object.sizeBytes === before.size) changes.kept(bucket);
    else changes.changed(bucket, object);
  }
}

function keyTooLong({ bucket, object: { key } }: ListedInBucket): MangamotionError {
  return new MangamotionError(
    'refused',
    `${bucket}: a key of ${key.length} characters is longer than a backup can hold (${LONGEST_KEY})`,
  );
}

function notListed({ bucket }: IndexLine): MangamotionError {
  return new MangamotionError(
    'damaged',
    `${bucket} could not be listed, and the last backup's copy cannot be read`,
  );
}
