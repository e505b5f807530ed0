import type { ReadableArchive } from '../../repository/leftover.js';
import type { IndexLine } from '../../archive/index-line.js';
import { LONGEST_KEY } from '../../archive/limits.js';
import { cryptoThread } from '../../threads/crypto-thread.js';
import { RingKeeper } from '../../threads/ring-keeper.js';
import type { ObjectHead } from '../../object-store/port.js';
import { copyArchived, isReadWhole, readArchived } from '../archived-object.js';
import type { Step } from '../plan/changes.js';
import type { ListedInBucket } from '../plan/listing.js';
import type { CaptureContext } from './outcomes.js';
import { fetchWhole } from './fetch.js';
import { findMissing, verifyUnchanged } from './head-checks.js';
import { Outcomes, keyTooLong } from './outcomes.js';
import { streamObject } from './stream-object.js';

/** The memory for objects that are fetched or waiting to be written. */
const RING_BYTES = 24 * 1024 * 1024;
/** Larger objects are streamed, one at a time. */
const LARGEST_PREFETCHED_BYTES = 8 * 1024 * 1024;

const rings = new RingKeeper(RING_BYTES);

/** Returns true for an object that is small enough to be fetched before the objects in front of it. */
export function isPrefetched(sizeBytes: number): boolean {
  return sizeBytes <= LARGEST_PREFETCHED_BYTES;
}

/** Writes a prepared step into the archive, in its turn. */
type Write = () => Promise<void>;

/** Carries out steps: many are prepared concurrently, and then written one at a time. */
export class StepRunner {
  readonly #context: CaptureContext;
  readonly #outcomes: Outcomes;
  readonly #ring = rings.take();
  readonly #thread = cryptoThread();

  constructor(context: CaptureContext) {
    this.#context = context;
    this.#outcomes = new Outcomes(context);
    this.#thread.share(this.#ring);
  }

  close(): void {
    this.#thread.forget(this.#ring);
    rings.keep(this.#ring);
  }

  /** Does what is possible ahead of the step's turn. */
  async prepare(step: Step): Promise<Write> {
    switch (step.kind) {
      case 'take':
        return await this.#prepareTake(step, step.before);
      case 'verify':
        return await this.#prepareVerify(step, step.line);
      case 'salvage':
        return await this.#prepareSalvage(step, step.line, step.archive, step.before);
      case 'missing':
        return await this.#prepareMissing(step.line);
      case 'keep':
        return () => this.#outcomes.keep(step.line);
      case 'carry':
        return () => this.#outcomes.carry(step.line);
      case 'refer':
        return () => this.#outcomes.refer(step);
    }
  }

  async #prepareTake(listed: ListedInBucket, before: IndexLine | undefined): Promise<Write> {
    const outcomes = this.#outcomes;
    // An index chunk with a longer key would be unreadable, with all its objects.
    if (listed.object.key.length > LONGEST_KEY) {
      return () => outcomes.fail(listed, keyTooLong(listed), before);
    }
    if (!isPrefetched(listed.object.sizeBytes)) return () => this.#stream(listed, before);
    const { ledger, writer } = this.#context;
    const source = { ...this.#context, ring: this.#ring, thread: this.#thread };
    const fetched = await fetchWhole(source, listed, before, LARGEST_PREFETCHED_BYTES);
    if (fetched.kind === 'stream') return () => this.#stream(listed, before);
    if (fetched.kind === 'vanished') return () => outcomes.vanished(listed, before);
    if (fetched.kind === 'failed') return () => outcomes.fail(listed, fetched.error, before);
    const { record, content, release, changed, findings } = fetched;
    return async () => {
      await writer.addWholeObject(record, [content], release);
      ledger.captured(record, { bytes: record.size, changed }, findings);
      outcomes.compare(listed, before);
    };
  }

  async #prepareVerify(listed: ListedInBucket, line: IndexLine): Promise<Write> {
    const { writer, ledger } = this.#context;
    const verified = await verifyUnchanged(this.#context, listed, line, line);
    switch (verified.kind) {
      case 'same':
        return async () => {
          await writer.carry(verified.line);
          ledger.unchanged([verified.line], 'verified', verified.findings);
          ledger.changes.kept(line.bucket);
        };
      case 'other':
        return await this.#prepareTake(listed, line);
      case 'vanished':
        return () => this.#outcomes.vanished(listed, line);
      case 'failed':
        return () => this.#outcomes.fail(listed, verified.error, line);
    }
  }

  /** Takes only the bytes from the interrupted archive; attributes come from the store. */
  async #prepareSalvage(
    listed: ListedInBucket,
    line: IndexLine,
    from: ReadableArchive,
    before: IndexLine | undefined,
  ): Promise<Write> {
    const verified = await verifyUnchanged(this.#context, listed, line, before);
    if (verified.kind === 'vanished') return () => this.#outcomes.vanished(listed, before);
    if (verified.kind !== 'same') return await this.#prepareTake(listed, before);
    const { line: record, findings } = verified;
    const salvaged = (): void => {
      const how = { bytes: record.size, changed: false, salvaged: true };
      this.#context.ledger.captured(record, how, findings);
      this.#outcomes.compare(listed, before);
    };
    if (!isReadWhole(line)) {
      return async () => {
        if (await copyArchived(from, record, this.#context.writer)) salvaged();
        else await this.#stream(listed, before);
      };
    }
    const parts = await readArchived(from, line);
    if (parts === undefined) return await this.#prepareTake(listed, before);
    return async () => {
      await this.#context.writer.addWholeObject(record, parts);
      salvaged();
    };
  }

  async #prepareMissing(line: IndexLine, always = false): Promise<Write> {
    const { trust, ledger, startedAt } = this.#context;
    if (!trust.needsHead(line.bucket) && !always) {
      return async () => {
        // The listing may have proved unreliable while this step waited.
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
    const verdict = await findMissing(this.#context, line);
    switch (verdict.kind) {
      case 'gone':
        return () => {
          ledger.changes.deleted(line.bucket);
          return Promise.resolve();
        };
      case 'unproven':
        return () => this.#outcomes.takeOver(line, verdict.error);
      case 'there': {
        const { head } = verdict;
        const write = await this.#prepareFound(line, head);
        return async () => {
          // An object written after the backup began does not discredit the listing.
          const isNew = Date.parse(head.lastModified) >= startedAt.getTime();
          if (!isNew) trust.leftOut(line);
          await write();
        };
      }
    }
  }

  async #prepareFound(
    line: IndexLine,
    { sizeBytes, etag, lastModified }: ObjectHead,
  ): Promise<Write> {
    const { bucket, key } = line;
    // HEAD gives whole seconds; the line may be more precise.
    const sameTime =
      Math.trunc(Date.parse(line.last_modified) / 1000) * 1000 === Date.parse(lastModified);
    const time = sameTime || lastModified === '' ? line.last_modified : lastModified;
    const listed = { bucket, object: { key, sizeBytes, etag, lastModified: time } };
    const isSame = etag !== '' && etag === line.etag && sizeBytes === line.size;
    return isSame && this.#context.baseline?.type === 'incremental'
      ? await this.#prepareVerify(listed, line)
      : await this.#prepareTake(listed, line);
  }

  async #stream(listed: ListedInBucket, before: IndexLine | undefined): Promise<void> {
    const { ledger } = this.#context;
    const { total, copiedBytes } = ledger.counts;
    const onBytes = (read: number) =>
      this.#context.onProgress({ objects: total, bytes: copiedBytes + read });
    const streamed = await streamObject(this.#context, listed, before, onBytes);
    switch (streamed.kind) {
      case 'captured': {
        const name = { bucket: listed.bucket, key: listed.object.key };
        ledger.captured(name, streamed, streamed.findings);
        this.#outcomes.compare(listed, before);
        return;
      }
      case 'vanished':
        await this.#outcomes.vanished(listed, before);
        return;
      case 'failed':
        await this.#outcomes.fail(listed, streamed.error, before);
        return;
    }
  }
}
