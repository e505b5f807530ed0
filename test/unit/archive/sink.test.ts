import { describe, expect, it } from 'vitest';
import { OrderedOutput } from '../../../src/archive/ordered-output.js';
import type { ArchiveSink } from '../../../src/archive/sink.js';
import { TarArchiveWriter } from '../../../src/archive/tar-archive-writer.js';
import { ARCHIVE_ID, CREATED_AT, addWhole, noise } from '../../helpers/archive-samples.js';

const MIB = 1024 * 1024;

/** Takes so many writes and rejects each one after them. */
class FailingSink implements ArchiveSink {
  writes = 0;
  readonly #taken: number;

  constructor(taken: number) {
    this.#taken = taken;
  }

  write(): Promise<void> {
    this.writes += 1;
    if (this.writes <= this.#taken) return Promise.resolve();
    return Promise.reject(new Error('no space left'));
  }
}

/** Resolves a write only when told to. */
class StuckSink implements ArchiveSink {
  writes = 0;
  readonly #waiting: (() => void)[] = [];

  write(): Promise<void> {
    this.writes += 1;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const newWriter = (sink: ArchiveSink) => new TarArchiveWriter(sink, ARCHIVE_ID, CREATED_AT);
const page = noise(900_000);

async function addUntilFailure(writer: TarArchiveWriter, mostObjects: number): Promise<unknown> {
  for (let n = 0; n < mostObjects; n++) {
    const key = String(n).padStart(5, '0');
    const record = { bucket: 'b', key, size: page.length, etag: '', sha256: '' };
    try {
      await writer.addWholeObject({ ...record, last_modified: '2024-01-14T12:34:56Z' }, [page]);
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

/** Lets everything happen that is not waiting for the sink. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settled = () => (pending = false);
  promise.then(settled, settled);
  await settle();
  return pending;
}

const nobody = { placed: () => undefined, written: () => undefined };

describe('a sink that fails', () => {
  it.each([0, 1, 3])('after %i writes is heard of while objects are added', async (taken) => {
    const error = await addUntilFailure(newWriter(new FailingSink(taken)), 200);
    expect(error).toEqual(new Error('no space left'));
  });

  it('is heard of at the end', async () => {
    const writer = newWriter(new FailingSink(0));
    await addWhole(writer, { bucket: 'b', key: 'a', content: noise(10) });
    await expect(writer.finish([])).rejects.toThrow('no space left');
  });

  it('is not written to again', async () => {
    const sink = new FailingSink(0);
    const writer = newWriter(sink);
    await addUntilFailure(writer, 200);
    await expect(writer.finish([])).rejects.toThrow('no space left');
    expect(sink.writes).toBe(1);
  });

  it('fails an object that is being written, and one that is given up', async () => {
    const writer = newWriter(new FailingSink(0));
    const object = writer.announceObject({
      bucket: 'b',
      key: 'a',
      sizeBytes: 100 * MIB,
      modifiedAt: CREATED_AT,
      contentType: undefined,
    });
    const writeAll = async () => {
      for (let n = 0; n < 100; n++) await object.write(Buffer.alloc(MIB));
    };
    await expect(writeAll()).rejects.toThrow('no space left');
    await expect(object.abandon()).rejects.toThrow('no space left');
  });

  it('lets go of those that wait for room', async () => {
    const sink = new StuckSink();
    const output = new OrderedOutput({
      write: async () => {
        await sink.write();
        throw new Error('no space left');
      },
    });
    for (let n = 0; n < 2; n++) output.add(() => [page], 20 * MIB, nobody);
    const waiting = output.ready();
    expect(await isPending(waiting)).toBe(true);
    sink.release();
    await expect(waiting).rejects.toThrow('no space left');
  });
});

describe('a sink that is slow', () => {
  it('stops the writer when 6 MiB wait for it, and not before', async () => {
    const sink = new StuckSink();
    const writer = newWriter(sink);
    const added = addUntilFailure(writer, 6);
    expect(await isPending(added)).toBe(false);
    const more = addUntilFailure(newWriter(sink), 40);
    expect(await isPending(more)).toBe(true);
  });

  it('lets all go on that wait for room, once there is some', async () => {
    const sink = new StuckSink();
    const output = new OrderedOutput(sink);
    output.add(() => [page], 6 * MIB, nobody);
    output.add(() => [page], 1, nobody);
    const both = Promise.all([output.ready(), output.ready()]);
    expect(await isPending(both)).toBe(true);
    sink.release();
    await both;
  });

  it('has room at exactly the bound', async () => {
    const output = new OrderedOutput(new StuckSink());
    output.add(() => [page], 6 * MIB, nobody);
    expect(await isPending(output.ready())).toBe(false);
    output.add(() => [page], 1, nobody);
    expect(await isPending(output.ready())).toBe(true);
  });

  it('gets one write at a time, in the order of the pieces', async () => {
    const written: number[] = [];
    let atOnce = 0;
    const output = new OrderedOutput({
      write: async (chunks) => {
        expect(++atOnce).toBe(1);
        await settle();
        written.push(...chunks.map((chunk) => chunk[0]!));
        atOnce -= 1;
      },
    });
    const places: [number, number][] = [];
    for (let n = 0; n < 5; n++) {
      const made = n % 2 === 0 ? settle() : Promise.resolve();
      const make = async () => made.then(() => [Buffer.alloc(n + 1, n)]);
      output.add(make, 1, {
        placed: (offset, length) => places.push([offset, length]),
        written: () => undefined,
      });
    }
    expect(await output.drained()).toBe(15);
    expect(written).toEqual([0, 1, 2, 3, 4]);
    expect(places).toEqual([
      [0, 1],
      [1, 2],
      [3, 3],
      [6, 4],
      [10, 5],
    ]);
  });
});
