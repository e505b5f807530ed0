import { countOf } from '../../count-of.js';
import type { RunDocument } from '../data/documents.js';
import { durationText } from '../text/times.js';

export interface RunResult {
  word: string;
  mark: 'completed' | 'failed' | 'skipped';
  /** A class of page.css. */
  kind: string;
}

/** What came of a run, in one word or two. */
export function resultOf(run: RunDocument): RunResult {
  if (run.result === 'missed') return { word: 'missed', mark: 'skipped', kind: '' };
  if (run.result === 'skipped') return { word: 'skipped', mark: 'skipped', kind: '' };
  if (run.exit_code !== 0) return { word: 'failed', mark: 'failed', kind: 'failed' };
  return { word: run.result === 'waited' ? 'ran late' : 'ran', mark: 'completed', kind: 'ok' };
}

/** Whether it ran and did not succeed; 3 (finished, but in part) is not a success. */
export function hasFailed(run: RunDocument): boolean {
  return resultOf(run).word === 'failed';
}

/** When it began, or was due where it did not run. RFC 3339. */
export function timeOf({ started_at, due_at }: RunDocument): string {
  return started_at ?? due_at;
}

/** How long it took; `undefined` where it did not run, or nobody saw its end. */
export function tookText({ started_at, finished_at }: RunDocument): string | undefined {
  if (started_at === null || finished_at === null) return undefined;
  return durationText((Date.parse(finished_at) - Date.parse(started_at)) / 1000);
}

const TRIGGERS: Readonly<Record<RunDocument['trigger'], string | undefined>> = {
  cron: undefined,
  'catch-up': 'catches up on a missed run',
  manual: 'run by hand',
};

/** Why it failed, did not run, or ran at all; for people. */
export function reasonOf(run: RunDocument): string | undefined {
  const parts = [
    run.reason ?? undefined,
    run.count > 1 ? `stands for ${countOf(run.count, 'run')}` : undefined,
    TRIGGERS[run.trigger],
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** What a refused Run now is told to be; `message` is the server's sentence. */
export function refusalText(name: string, reason: unknown, message: string): string {
  if (reason === 409)
    return `${name} was not started: it is already running, or waits for another run.`;
  if (reason === 503)
    return `${name} was not started: ${lowerFirst(message)}. Start \`mangamotion schedule\`, then try again.`;
  return `${name} was not started: ${lowerFirst(message)}.`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
