import type { ColorLevel } from './color-level.js';

/** What a colour says. Every toned text also says it in words or with a mark. */
export type Tone = 'good' | 'active' | 'bad' | 'waiting' | 'muted' | 'strong';

export type Paint = (tone: Tone | undefined, text: string) => string;

const COLORS = {
  good: '#10b981',
  active: '#3b82f6',
  bad: '#ef4444',
  waiting: '#f59e0b',
} as const;

/** Colours for one stream; chalk is not even loaded where there are none. */
export async function createPaint(level: ColorLevel): Promise<Paint> {
  if (level === 0) return (_tone, text) => text;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level });
  return (tone, text) => {
    if (tone === undefined) return text;
    if (tone === 'muted') return chalk.gray(text);
    if (tone === 'strong') return chalk.bold(text);
    return chalk.hex(COLORS[tone])(text);
  };
}
