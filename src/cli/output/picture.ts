import { MangamotionError } from '../../errors.js';
import type { Environment } from '../../config/environment.js';
import type { ColorLevel } from './color-level.js';
import { halfBlocks } from './half-blocks.js';
import type { PaintCell } from './half-blocks.js';

/** A decoded picture has 4 bytes a pixel: a small file can claim to be enormous. */
const MOST_MEGAPIXELS = 30;
const MOST_MEGABYTES = 256;

export interface Canvas {
  columns: number;
  lines: number;
  level: ColorLevel;
  env: Environment;
}

/**
 * A JPEG, drawn for the terminal: as an image where it shows those (the protocol of iTerm2), else in
 * half blocks. Rejects with `damaged` for what is not a JPEG that can be read.
 */
export async function drawPicture(jpeg: Buffer, canvas: Canvas): Promise<string> {
  const { default: codec } = await import('jpeg-js');
  const limits = { maxResolutionInMP: MOST_MEGAPIXELS, maxMemoryUsageInMB: MOST_MEGABYTES };
  let pixels: { width: number; height: number; data: Uint8Array };
  try {
    pixels = codec.decode(jpeg, { useTArray: true, formatAsRGBA: true, ...limits });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MangamotionError('damaged', `it is not a JPEG that can be drawn: ${reason}`, {
      cause,
    });
  }
  if (showsImages(canvas.env)) return inlineImage(jpeg, canvas.columns);
  return halfBlocks(pixels, canvas, await cellPainter(canvas.level));
}

function showsImages({ TERM_PROGRAM: program, TMUX: tmux }: Environment): boolean {
  // Inside of tmux the sequence would not arrive.
  return (program === 'iTerm.app' || program === 'WezTerm') && tmux === undefined;
}

/** https://iterm2.com/documentation-images.html */
function inlineImage(jpeg: Buffer, columns: number): string {
  const how = `inline=1;size=${jpeg.length};width=${columns};preserveAspectRatio=1`;
  return `\u001b]1337;File=${how}:${jpeg.toString('base64')}\u0007\n`;
}

async function cellPainter(level: ColorLevel): Promise<PaintCell | undefined> {
  if (level === 0) return undefined;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level });
  return (upper, lower, text) =>
    chalk.bgRgb(upper.r, upper.g, upper.b).rgb(lower.r, lower.g, lower.b)(text);
}
