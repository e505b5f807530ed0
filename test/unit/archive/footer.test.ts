import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  FOOTER_BYTES,
  FORMAT_VERSION,
  decodeFooter,
  encodeFooter,
} from '../../../src/archive/footer.js';

const footer = {
  version: FORMAT_VERSION,
  offset: 500 * 1024 ** 3,
  length: 123_456,
  sha256: '0123456789abcdef'.repeat(4),
};

describe('the footer', () => {
  it('gives back what it was made of, beyond 4 GiB too', () => {
    expect(decodeFooter(encodeFooter(footer))).toEqual(footer);
    const largest = { version: 255, offset: Number.MAX_SAFE_INTEGER, length: 0 };
    expect(decodeFooter(encodeFooter({ ...footer, ...largest }))).toEqual({
      ...footer,
      ...largest,
    });
  });

  it('always has the same length', () => {
    expect(encodeFooter(footer).length).toBe(FOOTER_BYTES);
    expect(encodeFooter({ ...footer, offset: 0, length: 0 }).length).toBe(FOOTER_BYTES);
  });

  it('is an empty gzip member to other readers', () => {
    expect(gunzipSync(encodeFooter(footer))).toHaveLength(0);
    const stream = Buffer.concat([gzipSync('content'), encodeFooter(footer)]);
    expect(gunzipSync(stream).toString()).toBe('content');
  });

  it('is none when a byte is missing or too many', () => {
    const encoded = encodeFooter(footer);
    expect(decodeFooter(encoded.subarray(1))).toBeUndefined();
    expect(decodeFooter(Buffer.concat([encoded, Buffer.from([0])]))).toBeUndefined();
  });

  it('shows every flipped bit: refused, or another place or digest', () => {
    const encoded = encodeFooter(footer);
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = Buffer.from(encoded);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const inField = bit >> 3 >= 16 && bit >> 3 < 65;
      if (inField) expect(decodeFooter(flipped)).not.toEqual(footer);
      else expect(decodeFooter(flipped), `bit ${bit}`).toBeUndefined();
    }
  });
});
