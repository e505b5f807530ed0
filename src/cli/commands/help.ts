import { closest } from '../../config/typos.js';
import { MangamotionError } from '../../errors.js';
import type { Catalog } from '../argv/command.js';
import { defineCommand } from '../argv/command.js';
import { helpItem } from '../argv/help-layout.js';
import { parseCommandLine } from '../argv/parser.js';
import type { Topic } from '../manual/topics.js';
import { TOPIC_NAMES, TOPICS, isTopic, readPage } from '../manual/topics.js';
import type { TextStyle } from '../output/answers.js';

/** How a page is printed as JSON, where there is no terminal to fit it to. */
const PLAIN: TextStyle = { width: 80, paint: (_tone, text) => text, colored: false };

export const help = defineCommand({
  description:
    'Show a manual page or the help of a command. Without a topic, list all of them. A long page ' +
    'opens in PAGER, or less. If a topic and a command share a name, this shows the topic; use ' +
    'COMMAND --help for the command.',
  arguments: {
    topic: {
      description: 'a topic of the manual, or a command',
      optional: true,
      repeatable: true,
      offers: TOPIC_NAMES,
    },
  },
  options: {},
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  ignoresInterrupt: true,
  endsWith: [],
  examples: {
    'mangamotion help': 'list topics and commands',
    'mangamotion help recovery': 'what to do when objects are lost',
    'mangamotion help backup full': 'show the help of a command',
  },
  async run({ catalog, output }, { topic: words }) {
    const [first] = words;
    if (first === undefined) {
      await output.text({
        json: listing(catalog),
        human: ({ width }) => listText(catalog, width),
      });
      return undefined;
    }
    if (words.length === 1 && isTopic(first)) {
      const { renderMarkdown } = await import('../manual/render.js');
      const markdown = readPage(first) + commandsOf(first, catalog);
      await output.text({
        json: { topic: first, text: renderMarkdown(markdown, PLAIN) },
        human: (style) => renderMarkdown(markdown, style),
      });
      return undefined;
    }
    if (!startsACommand(words, catalog)) throw unknownTopic(words, catalog);
    const parsed = await parseCommandLine([...words, '--help'], catalog, output.textWidth);
    const text = parsed.kind === 'run' ? '' : parsed.text;
    await output.text({ json: { command: words.join(' '), text }, human: () => text });
    return undefined;
  },
});

/** A command, or the words before several. */
function startsACommand(words: readonly string[], { commands }: Catalog): boolean {
  return commands.some(({ path }) => words.every((word, index) => path[index] === word));
}

function listing({ commands }: Catalog) {
  return {
    topics: TOPIC_NAMES.map((name) => ({ name, summary: TOPICS[name] })),
    commands: commands.map(({ path, summary }) => ({ name: path.join(' '), summary })),
  };
}

function listText(catalog: Catalog, width: number): string {
  const { topics, commands } = listing(catalog);
  const names = Math.max(...[...topics, ...commands].map(({ name }) => name.length));
  const lines = (list: typeof topics | typeof commands) =>
    list.map(({ name, summary }) => `${helpItem(name, names, summary, width)}\n`).join('');
  return (
    `Topics: mangamotion help TOPIC\n${lines(topics)}\n` +
    `Commands: mangamotion help COMMAND\n${lines(commands)}`
  );
}

/** The end of a page that has the name of a command or of a group of them. */
function commandsOf(topic: Topic, { commands }: Catalog): string {
  const related = commands.filter(({ path }) => path[0] === topic);
  if (related.length === 0) return '';
  const items = related.map(
    ({ path, summary }) => `- \`mangamotion ${path.join(' ')}\`: ${summary}`,
  );
  return `\n## Commands\n\n${items.join('\n')}\n\nEach has its options, exit statuses and examples under \`--help\`.\n`;
}

function unknownTopic(words: readonly string[], catalog: Catalog): MangamotionError {
  const asked = words.join(' ');
  const near = nearest(words, catalog).map((name) => `\`mangamotion help ${name}\``);
  const mentions = TOPIC_NAMES.filter((name) => mentionsAll(readPage(name), words));
  const hints = [
    ...(near.length === 0 ? [] : [`did you mean ${near.join(' or ')}?`]),
    ...(mentions.length === 0 ? [] : [`these topics mention it: ${mentions.join(', ')}.`]),
    ...(near.length + mentions.length === 0 ? [whatThereIs(words, catalog)] : []),
    'Run `mangamotion help` for all topics and commands',
  ];
  return new MangamotionError('usage', `no topic or command is called '${asked}'`, {
    hint: hints.join(' '),
  });
}

/** The commands of the group that the words begin with, or the topics. */
function whatThereIs([first = '']: readonly string[], { commands }: Catalog): string {
  const inGroup = commands.filter(({ path }) => path[0] === first && path.length > 1);
  if (inGroup.length === 0) return `the topics are ${TOPIC_NAMES.join(', ')}.`;
  return `\`${first}\` has ${inGroup.map(({ path }) => path.slice(1).join(' ')).join(', ')}.`;
}

function mentionsAll(page: string, words: readonly string[]): boolean {
  const text = page.toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
}

const MOST_SUGGESTIONS = 4;
const SHORTEST_PART = 3;

/** Names that hold one of the words, or whose words differ from them by a slip or two. */
function nearest(words: readonly string[], { commands }: Catalog): string[] {
  const names = [...TOPIC_NAMES, ...commands.map(({ path }) => path.join(' '))];
  const isNear = (name: string) =>
    words.every((word) =>
      name
        .split(' ')
        .some((part) => (word.length >= SHORTEST_PART && part.includes(word)) || slips(word, part)),
    );
  return names.filter(isNear).slice(0, MOST_SUGGESTIONS);
}

function slips(word: string, part: string): boolean {
  return part.length > SHORTEST_PART && closest(word, [part.toUpperCase()]) !== undefined;
}
