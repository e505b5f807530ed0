import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { halfBlocks } from '../../../../src/cli/output/half-blocks.js';
import { drawPicture } from '../../../../src/cli/output/picture.js';

/** The upper half red, the lower half blue. */
function flag(width: number, height: number): { width: number; height: number; data: Buffer } {
  const data = Buffer.alloc(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(pixel < (width * height) / 2 ? [250, 0, 0, 255] : [0, 0, 250, 255], pixel * 4);
  }
  return { width, height, data };
}

const canvas = { columns: 20, lines: 10, level: 3 as const, env: {} };

describe('a picture in half blocks', () => {
  const cell = (upper: object, lower: object) => `[${JSON.stringify([upper, lower])}]`;

  it('has two pixels in a cell', () => {
    const red = { r: 250, g: 0, b: 0 };
    const blue = { r: 0, g: 0, b: 250 };
    const text = halfBlocks(flag(2, 4), { columns: 80, lines: 24 }, cell);
    expect(text).toBe(`${cell(red, red).repeat(2)}\n${cell(blue, blue).repeat(2)}\n`);
  });

  it.each([
    [100, 100, 20, 10],
    [1000, 10, 20, 1],
    [10, 1000, 1, 10],
    [1, 1, 1, 1],
    [8, 8, 8, 4],
  ])(
    'of %i × %i pixels keeps its proportions, and is not made larger',
    (width, height, columns, lines) => {
      const rows = halfBlocks(flag(width, height), canvas, undefined).trimEnd().split('\n');
      const text = halfBlocks(flag(width, height), canvas, () => 'x');
      expect(text).toBe(`${'x'.repeat(columns)}\n`.repeat(lines));
      expect(rows.length).toBeLessThanOrEqual(lines);
    },
  );
});

describe('a JPEG', () => {
  const data = jpeg.encode(flag(64, 64), 90).data;

  it('is drawn in colours, and in shades where there are none', async () => {
    const colored = await drawPicture(data, canvas);
    expect(colored).toContain('\u001b[48;2;');
    expect(colored.split('\n')).toHaveLength(11);
    const plain = await drawPicture(data, { ...canvas, level: 0 });
    expect(plain).not.toContain('\u001b');
  });

  it('is sent as it is to a terminal that shows images, but not through tmux', async () => {
    const env = { TERM_PROGRAM: 'iTerm.app' };
    const sent = await drawPicture(data, { ...canvas, env });
    expect(sent).toContain(`:${data.toString('base64')}\u0007`);
    const inTmux = await drawPicture(data, { ...canvas, env: { ...env, TMUX: '/x' } });
    expect(inTmux).toContain('▄');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>')],
    ['half of one', data.subarray(0, 200)],
    ['one that claims to be enormous', enormous(data)],
  ])('that is %s is refused', async (_what, bytes) => {
    await expect(drawPicture(bytes, canvas)).rejects.toMatchObject({ code: 'damaged' });
  });
});

/** 65,000 × 65,000 pixels, says its header. */
function enormous(data: Buffer): Buffer {
  const claims = Buffer.from(data);
  const frame = claims.indexOf(Buffer.from([0xff, 0xc0]));
  claims.writeUInt16BE(65_000, frame + 5);
  claims.writeUInt16BE(65_000, frame + 7);
  return claims;
}
