import { describe, expect, it } from 'vitest';
import { Span } from '../../../src/archive/span.js';
import { TarArchiveWriter } from '../../../src/archive/tar-archive-writer.js';

describe('Run', () => {
  it('calls back once all of its members are written and no more are to come', () => {
    const run = new Span();
    let calls = 0;
    run.afterwards(() => (calls += 1));
    run.expect();
    run.expect();
    run.written();
    run.complete();
    expect(calls).toBe(0);
    run.written();
    expect(calls).toBe(1);
  });

  it('waits for its end where the members so far are written', () => {
    const run = new Span();
    let calls = 0;
    run.afterwards(() => (calls += 1));
    run.expect();
    run.written();
    expect(calls).toBe(0);
    run.complete();
    expect(calls).toBe(1);
  });

  it('tells where its first member lies and how long all are', () => {
    const run = new Span();
    run.placed(100, 10);
    run.placed(110, 5);
    expect([run.offset, run.length]).toEqual([100, 15]);
  });
});

describe('ArchiveWriter', () => {
  it.each([1000, 1024 * 1024, 1024 * 1024 + 1, 5 * 1024 * 1024])(
    'gives the bytes of an object of %i bytes back when the sink has them, not before',
    async (size) => {
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const taken: Buffer[] = [];
      const sink = {
        write: async (chunks: readonly Uint8Array[]) => {
          await gate;
          taken.push(...chunks.map((chunk) => Buffer.from(chunk)));
        },
      };
      const writer = new TarArchiveWriter(sink, 'minio_backup_full_20240115_020000', new Date(0));
      const content = Buffer.alloc(size, 7);
      let written = 0;
      const record = {
        ...{ bucket: 'originals', key: 'a.jpg', size, etag: 'e', sha256: '0'.repeat(64) },
        ...{ last_modified: '2024-01-15T02:00:00Z', headers: { 'content-type': 'image/jpeg' } },
      };
      await writer.addWholeObject(record, [content], () => {
        written += 1;
        // Whoever has the bytes back may overwrite them.
        content.fill(0);
      });
      const finished = writer.finish([]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(written).toBe(0);
      open();
      await finished;
      expect(written).toBe(1);
      const sevens = taken.reduce((sum, chunk) => sum + countOf(chunk, 7), 0);
      expect(sevens).toBeGreaterThanOrEqual(size);
    },
  );
});

function countOf(bytes: Buffer, value: number): number {
  let count = 0;
  for (const byte of bytes) if (byte === value) count += 1;
  return count;
}
