import type { Command } from './command.js';
import { COMMON_EXIT_CODES, EXIT_MEANINGS, type ExitStatus } from './exit-codes.js';

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
export function exitStatusesOf({ exitCodes }: Command): ExitStatus[] {
  return [...new Set([...COMMON_EXIT_CODES, ...exitCodes])].sort((a, b) => a - b);
}
