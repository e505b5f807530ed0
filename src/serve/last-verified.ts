import { readRecordedState } from '../schedule/state/recorded.js';
import { READ_WITHIN_MS } from '../repository/status.js';
import type { ScheduleService } from './schedule-service.js';

export interface Verification {
  /** When the newest run that succeeded ended; RFC 3339. */
  at: string;
  /** The name of the entry. */
  entry: string;
  /** The age from which on it is too long ago. */
  limit_seconds: number;
}

/** Options of `backup verify` with which it reads a whole backup. */
const WHOLE = new Set(
  ['latest', 'at', 'line', 'json', 'quiet', 'verbose', 'debug', 'no-color', 'utc']
    .concat(['no-input', 'env-file', 'config', 'region', 'ca-file', 'limit-rate'])
    .concat(['workers', 'engine', 'queue', 'shards'])
    .map((name) => `--${name}`)
    .concat(['-q', '-v']),
);

/**
 * Resolves to a function that tells when the schedule last verified a backup of a destination in full;
 * `null` where that is not known. What `backup verify --within` reads is recorded at the destination.
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
      return at === null || !verifiesWhole(argv)
        ? []
        : [{ at, entry: name, words: argv.map(plain) }];
    });
    runs.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    return (destination) => {
      const newest = runs.find(({ words }) => words.includes(plain(destination)));
      if (newest === undefined) return null;
      return { at: newest.at, entry: newest.entry, limit_seconds: READ_WITHIN_MS / 1000 };
    };
  } catch {
    // The routes of the schedule tell what is wrong with it.
    return () => null;
  }
}

/** With an option that is not known to be harmless, such as --sample, it may read less. */
function verifiesWhole([group, command, ...words]: readonly string[]): boolean {
  const options = words.filter((word) => word.startsWith('-'));
  const areFine = options.every((option) => WHOLE.has(option.replace(/=.*$/s, '')));
  return group === 'backup' && command === 'verify' && areFine;
}

function plain(destination: string): string {
  return destination.replace(/\/+$/, '');
}
