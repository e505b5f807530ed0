import { isMangamotionError, type MangamotionError } from '../../errors.js';
import { type Daemon, type ScheduleStatus, readStatus } from '../../reports/schedule/status.js';
import { type Runs, readRuns } from '../../reports/schedule/history.js';
import type { Entry, Problem, Remark } from '../../schedule/crontab/entry.js';
import { neglectedEntries } from '../../schedule/reports.js';
import { holderOf } from '../../schedule/state/recorded.js';
import type { GatherersOf } from '../facts.js';
import { NotLooked } from '../finding.js';

export interface ScheduleFacts {
  scheduleFile: ScheduleFile;
  entries: readonly Entry[];
  scheduleStatus: ScheduleStatus;
  /** Names of entries that came due, and that nothing deals with. */
  neglected: readonly string[];
  /** `undefined` where no daemon has ever been there. */
  runs: Runs | undefined;
  /** All that run on this machine, as far as their state folders are known. */
  daemons: readonly (Daemon & { folder: string })[];
}

export type ScheduleFile =
  | { kind: 'none'; file: string }
  | { kind: 'unread'; error: MangamotionError }
  | { kind: 'read'; file: string; schedule: ReadSchedule };

/** A schedule file, with all that is wrong with it. */
interface ReadSchedule {
  entries: readonly Entry[];
  problems: readonly Problem[];
  remarks: readonly Remark[];
  /** Why others can change it; `undefined` where they cannot. */
  openTo: string | undefined;
  /** What is wrong with the zone in force; `undefined` where nothing is. */
  zoneProblem: string | undefined;
}

export interface ScheduleParts {
  now: () => Date;
  file: string;
  /** Whether the user named the file: it then has to be there. */
  isNamed: boolean;
  readSchedule(): Promise<ReadSchedule>;
  /** The absolute path of the state folder. */
  stateFolder: string;
  /** State folders in which another daemon may work. */
  otherFolders: readonly string[];
}

export function scheduleGatherers(
  parts: ScheduleParts,
): GatherersOf<ScheduleFacts, keyof ScheduleFacts> {
  const { now, file, isNamed, stateFolder, otherFolders } = parts;
  return {
    scheduleFile: async () => {
      try {
        return { kind: 'read', file, schedule: await parts.readSchedule() };
      } catch (error) {
        if (!isMangamotionError(error)) throw error;
        const isMissing = error.code === 'not_found' && !isNamed;
        return isMissing ? { kind: 'none', file } : { kind: 'unread', error };
      }
    },
    entries: async (read) => {
      const found = await read('scheduleFile');
      if (found.kind === 'read') return found.schedule.entries;
      throw new NotLooked(
        found.kind === 'none'
          ? `there is no schedule file ${found.file}`
          : 'the schedule file cannot be read',
      );
    },
    scheduleStatus: async (read, signal) => {
      const look = { folder: stateFolder, now: now(), signal, maxAgeMs: undefined };
      return await readStatus(await read('entries'), look);
    },
    neglected: async (read) => {
      const [entries, { state }] = await Promise.all([read('entries'), read('scheduleStatus')]);
      return state.state === undefined ? [] : neglectedEntries(entries, state.state, now());
    },
    runs: async (read) => {
      await read('entries');
      try {
        return await readRuns(stateFolder);
      } catch (error) {
        if (isMangamotionError(error, 'not_found')) return undefined;
        throw error;
      }
    },
    daemons: async (_read, signal) => {
      const daemons: (Daemon & { folder: string })[] = [];
      for (const folder of new Set([stateFolder, ...otherFolders])) {
        const held = await holderOf(folder, { now: now(), signal }).catch(() => undefined);
        if (held === undefined) continue;
        const { owner, since } = held.holder;
        daemons.push({ pid: owner.pid, host: owner.host, since, folder });
      }
      return daemons;
    },
  };
}
