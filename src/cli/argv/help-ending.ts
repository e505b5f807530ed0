import type { Command } from './command.js';
import { COMMON_EXIT_CODES, EXIT_MEANINGS } from './exit-codes.js';

/** The end of every command's help: its examples and its exit codes. */
export function helpEnding(command: Command): string {
  const codes = [...new Set([...COMMON_EXIT_CODES, ...command.exitCodes])].sort((a, b) => a - b);
  return [
    '',
    'Examples:',
    ...command.examples.flatMap(({ command: line, meaning }) => [
      `  $ ${line}`,
      `      ${meaning}`,
    ]),
    '',
    'Exit codes:',
    ...codes.map((code) => `  ${code.toString().padStart(3)}  ${EXIT_MEANINGS[code]}`),
  ].join('\n');
}
