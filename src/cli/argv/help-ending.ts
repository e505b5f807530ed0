import type { Command } from './command.js';
import { EXIT_MEANINGS, type ErrorCode, type ExitStatus, exitStatusOf } from '../../errors.js';

/** Any command can end with these. */
const COMMON_ENDS: readonly ErrorCode[] = ['internal', 'usage'];

/** The end of every command's help: its examples and its exit codes. */
export function helpEnding(command: Command): string {
  return [
    '',
    'Examples:',
    ...command.examples.flatMap(({ command: line, meaning }) => [
      `  $ ${line}`,
      `      ${meaning}`,
    ]),
    '',
    'Exit codes:',
    ...exitStatusesOf(command).map(
      (status) => `  ${status.toString().padStart(3)}  ${EXIT_MEANINGS[status]}`,
    ),
  ].join('\n');
}

/** The statuses that a command can end with, in order. */
export function exitStatusesOf({ endsWith }: Command): ExitStatus[] {
  const statuses = [undefined, ...COMMON_ENDS, ...endsWith].map(exitStatusOf);
  return [...new Set(statuses)].sort((a, b) => a - b);
}
