import type { Catalog, CatalogEntry, Command } from '../argv/command.js';
import { EXIT_MEANINGS } from '../../errors.js';
import { dryRunOption, usefulOptions } from '../argv/global-options.js';
import { exitStatusesOf } from '../argv/help-layout.js';
import type { OptionSpec, OptionSpecs } from '../argv/option-specs.js';
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
    ...items(
      'COMMANDS',
      commands.map(({ path, summary: what }) => [pageName([PROGRAM, ...path].join('-'), 1), what]),
    ),
    ...items(
      'TOPICS',
      TOPIC_NAMES.map((topic) => [pageName(`${PROGRAM}-${topic}`, 7), TOPICS[topic]]),
    ),
  ]);
}

function commandPage(name: string, entry: CatalogEntry, command: Command, version: string): string {
  const { arguments: args, options, description, changes, examples } = command;
  const labels = Object.entries(args).map(([word, spec]) => argumentLabel(word, spec));
  return text([
    ...titleLines({ name, section: 1, summary: entry.summary, version }),
    '.SH SYNOPSIS',
    `.B ${escapeText([PROGRAM, ...entry.path].join(' '))}`,
    escapeText(['[options]', ...labels].join(' ')),
    '.SH DESCRIPTION',
    textLine(escapeText(description)),
    ...items(
      'ARGUMENTS',
      Object.values(args).map((spec, at) => [bold(labels[at] ?? ''), describeValue(spec)]),
    ),
    ...optionItems('OPTIONS', { ...options, ...(changes === 'dry-run' ? dryRunOption : {}) }),
    ...optionItems('GLOBAL OPTIONS', usefulOptions(command)),
    ...items(
      'EXIT STATUS',
      exitStatusesOf(command).map((status) => [bold(String(status)), EXIT_MEANINGS[status]]),
    ),
    '.SH EXAMPLES',
    ...Object.entries(examples).flatMap(([line, meaning]) => [
      '.PP',
      textLine(escapeText(`${capitalized(meaning)}:`)),
      ...literal(`$ ${line}`),
    ]),
    ...seeAlso(TOPIC_NAMES.filter((topic) => topic === entry.path[0])),
  ]);
}

/** A section of terms, in roff, with what each means; nothing where there are none. */
function items(title: string, terms: readonly (readonly [string, string])[]): string[] {
  if (terms.length === 0) return [];
  const lines = terms.flatMap(([term, meaning]) => ['.TP', term, textLine(escapeText(meaning))]);
  return [`.SH ${title}`, ...lines];
}

function optionItems(title: string, options: OptionSpecs): string[] {
  return items(
    title,
    Object.entries(options).map(([name, spec]) => [
      optionTitle(name, spec),
      takesValue(spec) ? describeValue(spec) : spec.description,
    ]),
  );
}

function optionTitle(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? '' : `\\fB\\-${spec.short}\\fR, `;
  const value = takesValue(spec) ? ` \\fI${escapeText(spec.value)}\\fR` : '';
  return `${short}\\fB${escapeText(flagOf(name))}\\fR${value}`;
}

function bold(term: string): string {
  return `.B ${escapeText(term)}`;
}

function pageName(name: string, section: 1 | 7): string {
  return `.BR ${escapeText(name)} (${section})`;
}

function seeAlso(topics: readonly string[]): string[] {
  const pages = [
    pageName(PROGRAM, 1),
    ...topics.map((topic) => pageName(`${PROGRAM}-${topic}`, 7)),
  ];
  return ['.SH SEE ALSO', pages.join(',\n')];
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
