import { readRecordedState } from '../schedule/state/recorded.js';
import type { ScheduleService } from './schedule-service.js';

export interface Verification {
  /** When the newest run that succeeded ended; RFC 3339. */
  at: string;
  /** The name of the entry. */
  entry: string;
}

/**
 * Resolves to a function that tells when the schedule last verified backups of a destination in full;
 * `null` where that is not known. Nothing else records it.
 */
export async function lastVerifications(
  schedule: ScheduleService | undefined,
): Promise<(destination: string) => Verification | null> {
  if (schedule === undefined) return () => null;
  try {
    const entries = await schedule.entries();
    const read = await readRecordedState(schedule.folder);
    const states = new Map(Object.entries(read.kind === 'read' ? read.state.entries : {}));
    const runs = entries.flatMap(({ name, argv }) => {
      const at = states.get(name)?.last_success_at ?? null;
      const isVerify = argv[0] === 'backup' && argv[1] === 'verify' && !argv.includes('--quick');
      return at === null || !isVerify ? [] : [{ at, entry: name, words: argv.map(plain) }];
    });
    runs.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    return (destination) => {
      const newest = runs.find(({ words }) => words.includes(plain(destination)));
      return newest === undefined ? null : { at: newest.at, entry: newest.entry };
    };
  } catch {
    // The routes of the schedule tell what is wrong with it.
    return () => null;
  }
}

function plain(destination: string): string {
  return destination.replace(/\/+$/, '');
}
