import type { AnnouncedObject, ObjectInProgress } from '../../archive/archive-writer.js';
import type { ObjectRecord } from '../../archive/index-line.js';
import type { NewFile, PlainTree } from './plain-tree.js';

/** Pieces are written together from this size on: a write costs a turn of the event loop. */
const WRITE_BYTES = 1024 * 1024;

/** A file of the tree between its announcement and its commit. */
export class PlainObject implements ObjectInProgress {
  readonly #tree: PlainTree;
  readonly #file: Promise<NewFile>;
  readonly #announced: AnnouncedObject;
  readonly #onCommit: (record: ObjectRecord, file: Promise<NewFile>) => void;
  #left: number;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** The write that is under way; the next one follows it. */
  #writing: Promise<void> = Promise.resolve();
  #open = true;

  constructor(
    tree: PlainTree,
    file: Promise<NewFile>,
    announced: AnnouncedObject,
    onCommit: (record: ObjectRecord, file: Promise<NewFile>) => void,
  ) {
    this.#tree = tree;
    this.#file = file;
    this.#announced = announced;
    this.#onCommit = onCommit;
    this.#left = announced.sizeBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length > this.#left) throw new RangeError('more content than was announced');
    this.#left -= chunk.length;
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes < WRITE_BYTES) return;
    await this.#writing;
    this.#flush();
  }

  commit(record: ObjectRecord, onWritten: () => void = () => undefined): void {
    if (this.#left > 0) throw new RangeError('less content than was announced');
    const weightBytes = this.#gatheredBytes;
    this.#open = false;
    this.#flush();
    this.#tree.work.begin(weightBytes, async () => {
      await this.#tree.finish(await this.#file, this.#writing, this.#announced, onWritten);
    });
    this.#onCommit(record, this.#file);
  }

  async abandon(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    // A failure of the disk was told to whoever wrote; here only the end of the writing counts.
    await this.#writing.catch(() => undefined);
    const file = await this.#file.catch(() => undefined);
    if (file !== undefined) await this.#tree.remove(file);
  }

  /** Begins to write what was gathered, behind the write that is under way. */
  #flush(): void {
    const chunks = this.#gathered;
    const before = this.#writing;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = before.then(async () => this.#tree.append(await this.#file, chunks));
    // Whoever writes or commits next is told.
    this.#writing.catch(() => undefined);
  }
}
