import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObjectChanged } from '../../../src/object-store/retry/retry.js';
import type { ObjectContent, ObjectStore } from '../../../src/object-store/port.js';
import { contentOf, freshBucket, readObject, removeBucket } from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

const MEBIBYTE = 1024 * 1024;

export function describeObjects({ open }: Implementation): void {
  describe('objects', () => {
    let store: ObjectStore;
    let bucket: string;
    beforeAll(async () => {
      store = open();
      bucket = await freshBucket(store);
      await store.putObject(bucket, 'digits', contentOf('0123456789'));
    });
    afterAll(async () => {
      await removeBucket(store, bucket);
      store.close();
    });

    it.each([
      [{ start: 0, end: 1 }, '0'],
      [{ start: 3, end: 7 }, '3456'],
      [{ start: 8 }, '89'],
      [{ start: 0 }, '0123456789'],
      [{ start: 5, end: 100 }, '56789'],
    ])('are read from %j', async (range, expected) => {
      const { head, body } = await store.getObject(bucket, 'digits', { range });
      expect(head.sizeBytes).toBe(10);
      expect(Buffer.concat(await body.toArray()).toString()).toBe(expected);
    });

    it('have no bytes behind their end', async () => {
      const read = store.getObject(bucket, 'digits', { range: { start: 10 } });
      await expect(read).rejects.toMatchObject({
        code: 'not_found',
        cause: { code: 'InvalidRange' },
      });
    });

    it('are read only if their ETag is the one asked for', async () => {
      const { etag } = await store.headObject(bucket, 'digits');
      expect(await readObject(store, bucket, 'digits', { ifMatch: etag })).toHaveLength(10);
      const error: unknown = await readObject(store, bucket, 'digits', {
        ifMatch: 'another',
      }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'not_found', cause: { code: 'PreconditionFailed' } });
      expect(isObjectChanged(error)).toBe(true);
    });

    it('are read into memory whole, where they are small enough', async () => {
      const attributes = { headers: { 'content-type': 'image/png' }, metadata: { titel: '鋼' } };
      await store.putObject(bucket, 'whole', contentOf('abc'), { attributes });
      const { head, content } = await store.readObject(bucket, 'whole', { maxBytes: 3 });
      expect(content?.toString()).toBe('abc');
      // Headers and all: it goes another way than getObject does.
      expect(head).toEqual((await store.getObject(bucket, 'whole')).head);
      expect(head).toMatchObject({ sizeBytes: 3, ...attributes });
    });

    it('are not read into memory where they have one byte too many', async () => {
      const { head, content } = await store.readObject(bucket, 'digits', { maxBytes: 9 });
      expect(content).toBeUndefined();
      expect(head.sizeBytes).toBe(10);
    });

    it('are read into the memory that the caller gives', async () => {
      const block = Buffer.alloc(10, 'x');
      const allocate = (sizeBytes: number) => block.subarray(0, sizeBytes);
      await store.readObject(bucket, 'digits', { maxBytes: 10, allocate });
      expect(block.toString()).toBe('0123456789');
    });

    it('that are empty are read into memory as no bytes', async () => {
      await store.putObject(bucket, 'nothing', contentOf(''));
      const { content } = await store.readObject(bucket, 'nothing', { maxBytes: 0 });
      expect(content).toHaveLength(0);
    });

    it('that do not exist are not read into memory', async () => {
      const read = store.readObject(bucket, 'missing', { maxBytes: 10 });
      await expect(read).rejects.toMatchObject({ code: 'not_found', cause: { code: 'NoSuchKey' } });
    });

    it('may be empty', async () => {
      const { etag } = await store.putObject(bucket, 'empty', contentOf(''));
      expect(etag).toBe('d41d8cd98f00b204e9800998ecf8427e');
      expect(await readObject(store, bucket, 'empty')).toHaveLength(0);
    });

    it('of 200 MiB are written and read in constant memory', async () => {
      const meter = new MemoryMeter();
      const content = pseudoRandomContent(200 * MEBIBYTE, meter);
      await store.putObject(bucket, 'large', content);
      const { head, body } = await store.getObject(bucket, 'large');
      expect(head.sizeBytes).toBe(200 * MEBIBYTE);
      const hash = createHash('sha256');
      for await (const chunk of body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        meter.look();
      }
      expect(hash.digest('hex')).toBe(content.sha256);
      expect(meter.highestBytes).toBeLessThan(128 * MEBIBYTE);
      await store.deleteObject(bucket, 'large');
    });

    it('go out as they come: in one chunk, in many, in empty ones', async () => {
      const bytes = Buffer.from('0123456789');
      const whole = contentOf(bytes);
      for (const sizes of [[10], [1, 9], [0, 5, 0, 0, 5, 0], Array<number>(10).fill(1)]) {
        const chunks = async function* () {
          let at = 0;
          for (const size of sizes) yield Promise.resolve(bytes.subarray(at, (at += size)));
          await Promise.resolve();
        };
        await store.putObject(bucket, 'chunks', { ...whole, open: chunks });
        expect(await readObject(store, bucket, 'chunks')).toEqual(bytes);
      }
    });

    // 3 MiB goes out as a stream, ten bytes do not: both hold their end back.
    it.each([10, 3 * MEBIBYTE])(
      'of %i bytes are replaced only by what was announced',
      async (size) => {
        const old = contentOf('the old bytes');
        await store.putObject(bucket, 'kept', old);
        const bytes = Buffer.alloc(size, 'a');
        const right = contentOf(bytes);
        const flipped = Buffer.from(bytes);
        flipped[size - 1] = 98;
        const lies: [string, ObjectContent][] = [
          ['other bytes', { ...right, open: () => [flipped] }],
          ['too few bytes', { ...right, open: () => [bytes.subarray(1)] }],
          ['too many bytes', { ...right, open: () => [bytes, Buffer.from('b')] }],
          ['another size', { ...right, sizeBytes: size + 1 }],
        ];
        for (const [lie, content] of lies) {
          const put = store.putObject(bucket, 'kept', content);
          await expect(put, lie).rejects.toMatchObject({ code: 'damaged' });
        }
        expect(await readObject(store, bucket, 'kept')).toEqual(Buffer.from('the old bytes'));
      },
    );

    it('are not replaced where the source fails, and its error is the one that is seen', async () => {
      const failing = {
        ...contentOf(Buffer.alloc(3 * MEBIBYTE)),
        open: function* () {
          yield Buffer.alloc(2 * MEBIBYTE);
          throw new Error('the disk is gone');
        },
      };
      const put = store.putObject(bucket, 'digits', failing);
      await expect(put).rejects.toThrow('the disk is gone');
      expect(await readObject(store, bucket, 'digits')).toHaveLength(10);
    });

    it('that are not there are told from buckets that are not there', async () => {
      const gone = { code: 'not_found', cause: { code: 'NoSuchKey' } };
      await expect(store.getObject(bucket, 'none')).rejects.toMatchObject(gone);
      await expect(store.headObject(bucket, 'none')).rejects.toMatchObject({ code: 'not_found' });
      const missing = { code: 'not_found', cause: { code: 'NoSuchBucket' } };
      await expect(store.getObject('no-such-bucket-here', 'x')).rejects.toMatchObject(missing);
      const put = store.putObject(
        'no-such-bucket-here',
        'x',
        contentOf(Buffer.alloc(3 * MEBIBYTE)),
      );
      await expect(put).rejects.toMatchObject(missing);
    });

    it('can be deleted twice', async () => {
      await store.putObject(bucket, 'twice', contentOf('x'));
      await store.deleteObject(bucket, 'twice');
      await store.deleteObject(bucket, 'twice');
      await expect(store.headObject(bucket, 'twice')).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}

/**
 * Looks at the memory of buffers, which is where a body would pile up: at how much more it is than in the
 * beginning, since what earlier tests have left is not collected yet.
 */
class MemoryMeter {
  highestBytes = 0;
  readonly #atFirst = process.memoryUsage().arrayBuffers;

  look(): void {
    const more = process.memoryUsage().arrayBuffers - this.#atFirst;
    this.highestBytes = Math.max(this.highestBytes, more);
  }
}

function pseudoRandomContent(sizeBytes: number, meter: MemoryMeter): ObjectContent {
  const piece = createHash('shake256', { outputLength: MEBIBYTE }).update('seed').digest();
  const open = function* (): Generator<Buffer> {
    for (let at = 0; at < sizeBytes; at += MEBIBYTE) {
      piece.writeUInt32LE(at / MEBIBYTE, 0);
      meter.look();
      yield Buffer.from(piece);
    }
  };
  const hash = createHash('sha256');
  for (const chunk of open()) hash.update(chunk);
  return { sizeBytes, sha256: hash.digest('hex'), open };
}
