import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { DigestThread } from '../../../../src/backup/capture/digest-thread.js';

function sharedBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length + 10), 7, length);
  for (let i = 0; i < length; i++) bytes[i] = i % 253;
  return bytes;
}

function digestsOf(bytes: Uint8Array) {
  const of = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: of('sha256'), md5: of('md5') };
}

describe('DigestThread', () => {
  const digests = new DigestThread();
  afterAll(() => digests.close());

  it.each([0, 1, 65_535, 65_536, 65_537, 3_000_000])(
    'takes the digests of %i shared bytes, from the middle of their memory',
    async (length) => {
      const bytes = sharedBytes(length);
      expect(await digests.digest(bytes)).toEqual(digestsOf(bytes));
    },
  );

  it('takes the digests of memory that is not shared', async () => {
    const bytes = Buffer.alloc(200_000, 'abc');
    expect(await digests.digest(bytes)).toEqual(digestsOf(bytes));
  });

  it('answers each of many with its own digests', async () => {
    const many = Array.from({ length: 50 }, (_, i) => sharedBytes(70_000 + i));
    const answers = await Promise.all(many.map((bytes) => digests.digest(bytes)));
    expect(answers).toEqual(many.map(digestsOf));
  });

  it('lets nobody wait for ever where it ends too early', async () => {
    const ending = new DigestThread();
    const waiting = ending.digest(sharedBytes(3_000_000));
    const outcome = waiting.then(
      () => 'answered',
      () => 'rejected',
    );
    await ending.close();
    expect(['answered', 'rejected']).toContain(await outcome);
    await expect(ending.digest(sharedBytes(100_000))).rejects.toThrow('has ended');
  });
});
