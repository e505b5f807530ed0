import { SpilledList } from '../files/spill.js';

/** A written object, as the target must list it. */
export interface WrittenObject {
  key: string;
  sizeBytes: number;
  /** The ETag in the answer to our request; empty if it had none. */
  etag: string;
  /** The time at which the answer arrived, in ms since 1970 by this machine's clock. */
  writtenAtMs: number;
}

type Row = [key: string, sizeBytes: number, etag: string, writtenAtMs: number];

/** A list of objects in the order in which they were added. Many are in a temporary file. */
export class WrittenObjects {
  count = 0;
  readonly #rows = new SpilledList<Row>();

  async add({ key, sizeBytes, etag, writtenAtMs }: WrittenObject): Promise<void> {
    this.count += 1;
    await this.#rows.add([key, sizeBytes, etag, writtenAtMs]);
  }

  /** Yields all objects. It may be called again. */
  async *read(): AsyncGenerator<WrittenObject> {
    for await (const [key, sizeBytes, etag, writtenAtMs] of this.#rows.read()) {
      yield { key, sizeBytes, etag, writtenAtMs };
    }
  }

  async close(): Promise<void> {
    await this.#rows.clear();
  }
}
