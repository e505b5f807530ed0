import type { Environment } from '../../config/environment.js';

/** As chalk counts: none, 16 colours, 256 colours, 16 million. */
export type ColorLevel = 0 | 1 | 2 | 3;

export interface ColorWish {
  isTerminal: boolean;
  /** --no-color. */
  forbidden: boolean;
  env: Environment;
}

/**
 * How many colours a stream gets. The flag wins, then FORCE_COLOR (0 and false mean none, 2 and 3 a
 * level), then NO_COLOR (https://no-color.org: any value but the empty one), then what the stream is.
 */
export function colorLevel({ isTerminal, forbidden, env }: ColorWish): ColorLevel {
  if (forbidden) return 0;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return forcedLevel(force, env);
  if ((env.NO_COLOR ?? '') !== '') return 0;
  if (!isTerminal || env.TERM === 'dumb') return 0;
  return terminalLevel(env);
}

function forcedLevel(force: string, env: Environment): ColorLevel {
  if (force === '0' || force === 'false') return 0;
  if (force === '2') return 2;
  if (force === '3') return 3;
  return terminalLevel(env);
}

function terminalLevel(env: Environment): ColorLevel {
  if (env.COLORTERM === 'truecolor' || env.COLORTERM === '24bit') return 3;
  return /-256(color)?$/.test(env.TERM ?? '') ? 2 : 1;
}
