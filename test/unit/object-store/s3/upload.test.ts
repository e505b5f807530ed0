import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openUpload } from '../../../../src/object-store/s3/upload.js';

const LARGE = Buffer.alloc(3 * 1024 * 1024, 'x');

function contentOf(bytes: Buffer, chunks: Uint8Array[]) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sizeBytes: bytes.length, sha256, open: () => chunks };
}

async function sent(chunks: Uint8Array[]): Promise<{ bytes: number; error: unknown }> {
  const upload = await openUpload(contentOf(LARGE, chunks));
  const body = upload.body.open();
  if (Array.isArray(body)) throw new TypeError('not a stream');
  upload.body.onContinue?.();
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length;
  } catch {
    return { bytes, error: upload.failure() };
  }
  return { bytes, error: undefined };
}

describe('a large upload', () => {
  it('waits until the server wants it', async () => {
    const upload = await openUpload(contentOf(LARGE, [LARGE]));
    const body = upload.body.open() as Readable;
    let seen = 0;
    body.on('data', (chunk: Buffer) => (seen += chunk.length));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toBe(0);
    upload.body.onContinue?.();
    await new Promise((resolve) => body.once('end', resolve));
    expect(seen).toBe(LARGE.length);
  });

  it('is sent whole when it is what was announced', async () => {
    const chunks = [LARGE.subarray(0, 10), LARGE.subarray(10)];
    expect(await sent(chunks)).toEqual({ bytes: LARGE.length, error: undefined });
  });

  it('never lets out its last chunk when it is not', async () => {
    const flipped = Buffer.from(LARGE);
    flipped[0] = 0;
    const chunks = [flipped.subarray(0, 2_000_000), flipped.subarray(2_000_000)];
    const damaged: unknown = expect.objectContaining({ code: 'damaged' });
    expect(await sent(chunks)).toEqual({ bytes: 2_000_000, error: damaged });
    expect(await sent([LARGE, Buffer.from('x')])).toEqual({ bytes: 0, error: damaged });
    expect(await sent([LARGE.subarray(1)])).toEqual({ bytes: 0, error: damaged });
  });
});

describe('a small upload', () => {
  it('is checked before anything is sent', async () => {
    const bytes = Buffer.from('hello');
    const upload = await openUpload(contentOf(bytes, [bytes.subarray(0, 2), bytes.subarray(2)]));
    expect(upload.body.open()).toEqual([bytes.subarray(0, 2), bytes.subarray(2)]);
    const lie = openUpload(contentOf(bytes, [Buffer.from('hullo')]));
    await expect(lie).rejects.toMatchObject({ code: 'damaged' });
    await expect(openUpload(contentOf(bytes, []))).rejects.toMatchObject({ code: 'damaged' });
  });
});
