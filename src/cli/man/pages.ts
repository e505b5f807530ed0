import type { Catalog, CatalogEntry, Command } from '../argv/command.js';
import { EXIT_MEANINGS } from '../../errors.js';
import { dryRunOption, usefulOptions } from '../argv/global-options.js';
import { exitStatusesOf } from '../argv/help-layout.js';
import type { ArgumentSpecs, OptionSpec, OptionSpecs } from '../argv/option-specs.js';
import { argumentLabel, flagOf, takesValue } from '../argv/option-specs.js';
import { capitalized, describeValue } from '../argv/program-tree.js';
import { TOPIC_NAMES, TOPICS, readPage } from '../manual/topics.js';
import { escapeText, literal, roffOfMarkdown, textLine, titleLines } from './roff.js';

const PROGRAM = 'mangamotion';

/** Every man page by its file name: the program, each topic, each command. Loads all commands. */
export async function manPages(catalog: Catalog, version: string): Promise<Map<string, string>> {
  const pages = new Map([[`${PROGRAM}.1`, programPage(catalog, version)]]);
  for (const topic of TOPIC_NAMES) {
    const title = {
      name: `${PROGRAM}-${topic}`,
      section: 7 as const,
      summary: TOPICS[topic],
      version,
    };
    const lines = [...titleLines(title), ...roffOfMarkdown(readPage(topic)), ...seeAlso([])];
    pages.set(`${title.name}.7`, text(lines));
  }
  for (const entry of catalog.commands) {
    const name = [PROGRAM, ...entry.path].join('-');
    pages.set(`${name}.1`, commandPage(name, entry, await entry.load(), version));
  }
  return pages;
}

function programPage({ commands }: Catalog, version: string): string {
  const summary = 'back up, verify and restore an object store, bill its users, look after jobs';
  return text([
    ...titleLines({ name: PROGRAM, section: 1, summary, version }),
    '.SH SYNOPSIS',
    `.B ${PROGRAM}`,
    escapeText('COMMAND [options]'),
    '.br',
    `.B ${PROGRAM} help`,
    '[TOPIC | COMMAND]',
    '.SH COMMANDS',
    ...commands.flatMap(({ path, summary: what }) => [
      '.TP',
      `.BR ${escapeText([PROGRAM, ...path].join('-'))} (1)`,
      textLine(escapeText(what)),
    ]),
    '.SH TOPICS',
    ...TOPIC_NAMES.flatMap((topic) => [
      '.TP',
      `.BR ${escapeText(`${PROGRAM}-${topic}`)} (7)`,
      escapeText(TOPICS[topic]),
    ]),
  ]);
}

function commandPage(name: string, entry: CatalogEntry, command: Command, version: string): string {
  const { arguments: args, options, description, changes, examples } = command;
  return text([
    ...titleLines({ name, section: 1, summary: entry.summary, version }),
    '.SH SYNOPSIS',
    `.B ${escapeText([PROGRAM, ...entry.path].join(' '))}`,
    escapeText(['[options]', ...argumentWords(args)].join(' ')),
    '.SH DESCRIPTION',
    textLine(escapeText(description)),
    ...section('ARGUMENTS', argumentItems(args)),
    ...section(
      'OPTIONS',
      optionItems({ ...options, ...(changes === 'dry-run' ? dryRunOption : {}) }),
    ),
    ...section('GLOBAL OPTIONS', optionItems(usefulOptions(command))),
    ...section(
      'EXIT STATUS',
      exitStatusesOf(command).flatMap((status) => [
        '.TP',
        `.B ${status}`,
        escapeText(EXIT_MEANINGS[status]),
      ]),
    ),
    ...section(
      'EXAMPLES',
      Object.entries(examples).flatMap(([line, meaning]) => [
        '.PP',
        textLine(escapeText(`${capitalized(meaning)}:`)),
        ...literal(`$ ${line}`),
      ]),
    ),
    ...seeAlso(TOPIC_NAMES.filter((topic) => topic === entry.path[0])),
  ]);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${title}`, ...lines];
}

function argumentWords(args: ArgumentSpecs): string[] {
  return Object.entries(args).map(([name, spec]) => argumentLabel(name, spec));
}

function argumentItems(args: ArgumentSpecs): string[] {
  const words = argumentWords(args);
  return Object.values(args).flatMap((spec, index) => [
    '.TP',
    `.B ${escapeText(words[index] ?? '')}`,
    textLine(escapeText(describeValue(spec))),
  ]);
}

function optionItems(options: OptionSpecs): string[] {
  return Object.entries(options).flatMap(([name, spec]) => [
    '.TP',
    optionTitle(name, spec),
    textLine(escapeText(takesValue(spec) ? describeValue(spec) : spec.description)),
  ]);
}

function optionTitle(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : `\\fB\\-${spec.short}\\fR, `;
  const value = takesValue(spec) ? ` \\fI${escapeText(spec.value)}\\fR` : '';
  return `${short}\\fB${escapeText(flagOf(name))}\\fR${value}`;
}

function seeAlso(topics: readonly string[]): string[] {
  const pages = [
    `.BR ${PROGRAM} (1)`,
    ...topics.map((t) => `.BR ${escapeText(`${PROGRAM}-${t}`)} (7)`),
  ];
  return ['.SH SEE ALSO', pages.join(',\n')];
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
