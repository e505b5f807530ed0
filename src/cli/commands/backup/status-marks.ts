import type { Tone } from '../../output/paint.js';

/**
 * The mark and the colour of each status of a backup, a verification or a destination: every list and
 * page takes them from here. What is not in this table is bad.
 */
const MARKS: Readonly<Record<string, { mark: string; tone: Tone }>> = {
  complete: { mark: '✓', tone: 'good' },
  ok: { mark: '✓', tone: 'good' },
  fresh: { mark: '✓', tone: 'good' },
  retired: { mark: '–', tone: 'muted' },
  unknown: { mark: '?', tone: 'waiting' },
};
const BAD = { mark: '✕', tone: 'bad' } as const;

function markOf(status: string): { mark: string; tone: Tone } {
  return (Object.hasOwn(MARKS, status) ? MARKS[status] : undefined) ?? BAD;
}

export function statusTone(status: string): Tone {
  return markOf(status).tone;
}

/** A text with the mark and the colour of a status: `✓ complete` where no other text is given. */
export function withMark(status: string, text = status): { text: string; tone: Tone } {
  const { mark, tone } = markOf(status);
  return { text: `${mark} ${text}`, tone };
}
