/** Pixels, 4 bytes each (red, green, blue, opacity), row by row. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

interface Rgb {
  r: number;
  g: number;
  b: number;
}

/** Colours the upper half of a cell by the background, the lower one by the text. */
export type PaintCell = (upper: Rgb, lower: Rgb, text: string) => string;

const LOWER_HALF = '▄';
/** From dark to light, for terminals without colours. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const;

/**
 * A picture in characters that fits into so many columns and lines, its proportions kept: a cell is
 * twice as high as wide and holds two pixels. Small pictures are not made larger.
 */
export function halfBlocks(
  pixels: Pixels,
  room: { columns: number; lines: number },
  paintCell: PaintCell | undefined,
): string {
  const factor = Math.min(room.columns / pixels.width, (room.lines * 2) / pixels.height, 1);
  const width = Math.max(1, Math.round(pixels.width * factor));
  const height = Math.max(2, 2 * Math.round((pixels.height * factor) / 2));
  const colorAt = (x: number, y: number): Rgb => averageOf(pixels, { x, y, width, height });
  let text = '';
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x++) {
      const [upper, lower] = [colorAt(x, y), colorAt(x, y + 1)];
      text += paintCell === undefined ? shade(upper, lower) : paintCell(upper, lower, LOWER_HALF);
    }
    text += '\n';
  }
  return text;
}

/** The mean colour of the part of the picture that one pixel of the smaller one stands for. */
function averageOf(
  { width, height, data }: Pixels,
  to: { x: number; y: number; width: number; height: number },
): Rgb {
  const [left, right] = span(to.x, to.width, width);
  const [top, bottom] = span(to.y, to.height, height);
  const sum = { r: 0, g: 0, b: 0 };
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = (y * width + x) * 4;
      sum.r += data[at] ?? 0;
      sum.g += data[at + 1] ?? 0;
      sum.b += data[at + 2] ?? 0;
    }
  }
  const count = (right - left) * (bottom - top);
  const mean = (total: number) => Math.round(total / count);
  return { r: mean(sum.r), g: mean(sum.g), b: mean(sum.b) };
}

/** Never empty, also where there is less than one pixel. */
function span(at: number, parts: number, size: number): [number, number] {
  const from = Math.min(size - 1, Math.floor((at * size) / parts));
  return [from, Math.max(from + 1, Math.min(size, Math.floor(((at + 1) * size) / parts)))];
}

function shade(upper: Rgb, lower: Rgb): string {
  const light = (luminance(upper) + luminance(lower)) / 2;
  return SHADES[Math.min(SHADES.length - 1, Math.floor(light * SHADES.length))] ?? ' ';
}

/** 0 to 1, by Rec. 709. */
function luminance({ r, g, b }: Rgb): number {
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}
