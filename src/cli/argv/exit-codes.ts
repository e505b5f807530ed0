/** What each exit status tells a script; `--help` prints the ones that a command can give. */
export const EXIT_MEANINGS = {
  0: 'done',
  1: 'an unexpected error: a bug, or a disk that failed or is full',
  2: 'wrong usage or configuration',
  3: 'finished, but in part: what is missing is named in the output',
  4: 'not found',
  5: 'damaged, inconsistent or overdue',
  6: 'Redis or the object store cannot be reached, or refuses the credentials',
  7: 'locked: another run holds the destination',
  8: 'refused: something is in the way, or a guard tripped',
  130: 'interrupted (SIGINT), after cleaning up',
  143: 'terminated (SIGTERM), after cleaning up',
} as const;

export type ExitStatus = keyof typeof EXIT_MEANINGS;

/** What every command can end with; a command's own list names the rest. */
export const COMMON_EXIT_CODES: readonly ExitStatus[] = [0, 1, 2];
