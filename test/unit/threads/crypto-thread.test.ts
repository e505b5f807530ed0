import { createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { CryptoThread, cryptoThread } from '../../../src/threads/crypto-thread.js';
import { SharedRing } from '../../../src/threads/shared-ring.js';

function sharedBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length + 10), 7, length);
  for (let i = 0; i < length; i++) bytes[i] = i % 253;
  return bytes;
}

function digestsOf(bytes: Uint8Array) {
  const of = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: of('sha256'), md5: of('md5') };
}

describe('CryptoThread', () => {
  const digests = new CryptoThread();
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

  it('takes one digest of pieces, shared and not, small and larger than its own memory', async () => {
    const pieces = [
      sharedBytes(5),
      Buffer.alloc(3_000_000, 'x'),
      sharedBytes(200_000),
      Buffer.of(1),
    ];
    const running = digests.beginDigest();
    const other = digests.beginDigest();
    await running.update(pieces);
    await other.update([Buffer.from('other')]);
    await running.update([]);
    await running.update(pieces.slice(0, 1));
    const whole = Buffer.concat([...pieces, ...pieces.slice(0, 1)]);
    expect(await running.finish()).toBe(digestsOf(whole).sha256);
    expect(await other.finish()).toBe(digestsOf(Buffer.from('other')).sha256);
    expect(await digests.beginDigest().finish()).toBe(digestsOf(Buffer.alloc(0)).sha256);
  });

  it.each([0, 1, 65_536, 3_000_000])(
    'seals parts of %i bytes, each with its own tag',
    async (length) => {
      const key = randomBytes(32);
      const nonces = Buffer.concat([1, 2, 3].map((n) => Buffer.alloc(12, n)));
      const parts = [1, 2, 3].map((n) => [sharedBytes(length), Buffer.from(`part ${n}`)]);
      const { bytes, release } = await digests.seal(key, { nonces, parts });
      const partBytes = length + 6 + 16;
      expect(bytes.length).toBe(3 * partBytes);
      for (const [i, pieces] of parts.entries()) {
        const nonce = nonces.subarray(i * 12, (i + 1) * 12);
        const sealed = bytes.subarray(i * partBytes, (i + 1) * partBytes);
        const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
        decipher.setAuthTag(sealed.subarray(-16));
        const plain = decipher.update(sealed.subarray(0, -16));
        decipher.final();
        expect(plain.equals(Buffer.concat(pieces))).toBe(true);
      }
      release();
    },
  );

  it('does not copy from a ring that it knows, and still answers when it has forgotten it', async () => {
    const ring = new SharedRing(1_000_000);
    digests.share(ring);
    const { bytes } = ring.take(100_000);
    bytes.fill('ring');
    const wanted = digestsOf(Buffer.from(bytes));
    expect(await digests.digest(bytes)).toEqual(wanted);
    const last = digests.digest(bytes);
    digests.forget(ring);
    expect(await last).toEqual(wanted);
    expect(await digests.digest(bytes)).toEqual(wanted);
  });

  it('lets nobody wait for ever where it ends too early', async () => {
    const ending = new CryptoThread();
    const waiting = ending.digest(sharedBytes(3_000_000));
    const outcome = waiting.then(
      () => 'answered',
      () => 'rejected',
    );
    await ending.close();
    expect(['answered', 'rejected']).toContain(await outcome);
    await expect(ending.digest(sharedBytes(100_000))).rejects.toThrow('has ended');
  });

  it('is one for the process, which begins again after it has ended', async () => {
    const first = cryptoThread();
    expect(cryptoThread()).toBe(first);
    await first.close();
    const next = cryptoThread();
    expect(next).not.toBe(first);
    expect(await next.digest(sharedBytes(100_000))).toEqual(digestsOf(sharedBytes(100_000)));
    await next.close();
  });
});
