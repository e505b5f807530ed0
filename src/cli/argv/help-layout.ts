import { Help } from 'commander';
import { EXIT_MEANINGS, type ErrorCode, type ExitStatus, exitStatusOf } from '../../errors.js';
import type { Command, CommandExamples } from './command.js';

/** A longer term has its description below it, so that one of them does not narrow all others. */
const WIDEST_TERM = 24;
const NARROWEST_DESCRIPTION = 28;
const INDENT = 2;

/**
 * How commander lays out help. By itself it breaks no line where a description would get less than 40
 * columns, and never the line of the usage.
 */
export const helpLayout: Partial<Help> = {
  padWidth: (command, helper) =>
    Math.min(WIDEST_TERM, Help.prototype.padWidth.call(helper, command, helper)),
  formatItem: (term, termWidth, description, { helpWidth }) =>
    helpItem(term, termWidth, description, helpWidth ?? 80),
  commandUsage(command) {
    const usage = Help.prototype.commandUsage.call(this, command);
    const title = 'Usage: '.length;
    return wrapped(usage.split(' '), (this.helpWidth ?? 80) - title).join(
      `\n${' '.repeat(title + INDENT)}`,
    );
  },
  optionDescription: ({ description }) => description,
  styleTitle: (title) => (title === 'Global Options:' ? 'Global options:' : title),
};

/** A term and what it means: side by side, or one below the other where there is little room. */
export function helpItem(
  term: string,
  termWidth: number,
  description: string,
  width: number,
): string {
  const column = INDENT + termWidth + 2;
  const isWide = width - column >= NARROWEST_DESCRIPTION;
  const indent = ' '.repeat(isWide ? column : INDENT + 4);
  const lines = wrapped(description.split(' '), width - indent.length).join(`\n${indent}`);
  const title = ' '.repeat(INDENT) + term;
  return isWide && term.length <= termWidth
    ? title.padEnd(column) + lines
    : `${title}\n${indent}${lines}`;
}

/** Examples that can be copied: where a command is too long for a line, it goes on behind a `\`. */
export function exampleLines(examples: CommandExamples, width: number): string {
  const indent = ' '.repeat(INDENT);
  return Object.entries(examples)
    .flatMap(([command, meaning]) => [
      ...wrapped(meaning.split(' '), width - INDENT - 2).map((line) => `${indent}# ${line}`),
      wrapped(['$', ...shellWords(command)], width - 3 * INDENT - 2)
        .map((line, index) => indent.repeat(index === 0 ? 1 : 3) + line)
        .join(' \\\n'),
    ])
    .join('\n');
}

/** What a line must not be broken in: words with what is quoted in them, and flags with their values. */
function shellWords(command: string): string[] {
  return command.match(/(?:--?[a-z-]+ (?=[\w'"/]))?(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
}

/** The end of the help of the program, or of a word that has commands below it. */
export function groupEnding(
  path: readonly string[],
  examples: CommandExamples,
  width: number,
): string {
  const more =
    `Run \`${path.join(' ')} COMMAND --help\` for the options of a command` +
    (path.length > 1 ? '.' : ', and `mangamotion help` for the topics of the manual.');
  return [
    '\nExamples:',
    exampleLines(examples, width),
    '',
    ...wrapped(more.split(' '), width),
  ].join('\n');
}

/** The end of every command's help: its examples and its exit statuses. */
export function helpEnding(command: Command, width: number): string {
  return [
    '\nExamples:',
    exampleLines(command.examples, width),
    '\nExit statuses:',
    ...exitStatusesOf(command).map((status) =>
      helpItem(String(status).padStart(3), 3, EXIT_MEANINGS[status], width),
    ),
  ].join('\n');
}

/** Lines of at most `width` columns, where the words allow it. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines.splice(-1, 1, `${last} ${word}`);
  }
  return lines;
}

/** Any command can end with these. */
const COMMON_ENDS: readonly ErrorCode[] = ['internal', 'usage'];

/** The statuses that a command can end with, in order. */
export function exitStatusesOf({ endsWith }: Command): ExitStatus[] {
  const statuses = [undefined, ...COMMON_ENDS, ...endsWith].map(exitStatusOf);
  return [...new Set(statuses)].sort((a, b) => a - b);
}
