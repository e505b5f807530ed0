import type { Entry } from '../schedule/crontab/entry.js';

/** The schedule that `serve` shows. */
export interface ScheduleService {
  /** The absolute path of the state folder. */
  folder: string;
  /** Reads the schedule file. Rejects with `configuration`, and all mistakes in it, if it has any. */
  entries(): Promise<readonly Entry[]>;
}
