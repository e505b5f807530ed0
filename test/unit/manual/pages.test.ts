import { existsSync } from 'node:fs';
import type { Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { EXIT_MEANINGS } from '../../../src/errors.js';
import { allGlobalOptions, dryRunOption } from '../../../src/cli/argv/global-options.js';
import { flagOf, takesValue } from '../../../src/cli/argv/option-specs.js';
import type { OptionSpec } from '../../../src/cli/argv/option-specs.js';
import { parseCommandLine } from '../../../src/cli/argv/parser.js';
import { catalog } from '../../../src/cli/catalog.js';
import { TOPIC_NAMES, isTopic } from '../../../src/cli/manual/topics.js';
import { VARIABLE_NAMES, defaultOf } from '../../../src/config/settings.js';
import type { ErrorCode } from '../../../src/errors.js';
import { exitStatusOf } from '../../../src/errors.js';
import { DEFAULT_OPTIONS } from '../../../src/schedule/crontab/option-comment.js';
import {
  commandLines,
  documentAt,
  manualPages,
  tableRows,
  tokensOf,
} from '../../helpers/manual-pages.js';

/** What the manual and the README say, compared with the program. */

const pages = manualPages();
const documents = [documentAt('README.md'), ...pages];
const MOST_LINES = 300;

function page(topic: string): string {
  return documentAt(`src/manual/${topic}.md`).text;
}

it('every topic has a page, and every page is a topic', () => {
  const names = pages.map(({ path }) => path.replace(/^src\/manual\/(.*)\.md$/, '$1'));
  expect(names).toEqual(TOPIC_NAMES.toSorted());
});

it('the README is short, and names every topic', () => {
  const { text } = documentAt('README.md');
  expect(text.split('\n').length - 1).toBeLessThanOrEqual(MOST_LINES);
  for (const topic of TOPIC_NAMES) expect(text).toContain(`[${topic}](src/manual/${topic}.md)`);
});

describe.each(documents.map((document) => [document.path, document.text] as const))(
  '%s',
  (path, text) => {
    it('has no link that leads nowhere', () => {
      const links = tokensOf(text).filter((token) => token.type === 'link') as Tokens.Link[];
      const local = links
        .map(({ href }) => href.replace(/#.*$/, ''))
        .filter((href) => !/^https?:/.test(href));
      const base = new URL(`../../../${path}`, import.meta.url);
      expect(local.filter((href) => !existsSync(new URL(href, base)))).toEqual([]);
    });

    it('has command lines that the program understands', async () => {
      for (const words of commandLines(text)) {
        const parsed = await parseCommandLine(words, catalog, 80);
        expect(parsed.kind, words.join(' ')).not.toBe('incomplete');
        if (words[0] === 'help' && words.length === 2) expect(isTopic(words[1])).toBe(true);
      }
    });

    it('names no option that no command has', async () => {
      const flags = new Set((await allOptions()).map(([flag]) => flag));
      // Of other programs.
      for (const other of ['--armor', '--transfers', '--now', '--peers']) flags.add(other);
      const named = inlineCode(text).flatMap(
        (code) => code.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [],
      );
      expect(named.filter((flag) => !flags.has(flag) && !flag.endsWith('-'))).toEqual([]);
    });

    it('names no setting that there is not', () => {
      const named = inlineCode(text).flatMap(
        (code) =>
          code.match(
            /\b(?:MINIO|S3|BACKUP|BILLING|JOB|REDIS|AWS|PING)_[A-Z0-9_]+[A-Z0-9]\b(?!\*|_)/g,
          ) ?? [],
      );
      const known = new Set<string>(VARIABLE_NAMES);
      expect(named.filter((name) => !known.has(name) && name !== 'BACKUP_S3')).toEqual([]);
    });

    it('gives the defaults of options and settings as they are', async () => {
      const defaults = new Map<string, string>(
        VARIABLE_NAMES.map((name) => [name, defaultOf(name) ?? '']),
      );
      for (const [flag, spec] of await allOptions()) {
        if (takesValue(spec) && spec.default !== undefined)
          defaults.set(flag, String(spec.default));
      }
      const told = [
        ...text.matchAll(/`(--[a-z-]+|[A-Z0-9_]{6,})` \((?:the default|`?([^)`;]+)`?)[);]/g),
      ];
      for (const [all, name = '', value] of told) {
        if (value === undefined || !/^\d+$|\{job\}|^redis:/.test(value)) continue;
        expect(defaults.get(name), all).toBe(value);
      }
    });
  },
);

async function allOptions(): Promise<[string, OptionSpec][]> {
  const commands = await Promise.all(catalog.commands.map((entry) => entry.load()));
  const specs = [allGlobalOptions, dryRunOption, ...commands.map(({ options }) => options)];
  const common: [string, OptionSpec][] = ['--help', '--version'].map((flag) => [
    flag,
    { description: '' },
  ]);
  const named = specs.flatMap((options) =>
    Object.entries(options).map(([name, spec]): [string, OptionSpec] => [
      flagOf(name),
      spec as OptionSpec,
    ]),
  );
  return [...common, ...named];
}

function inlineCode(text: string): string[] {
  return tokensOf(text)
    .filter((token) => token.type === 'codespan')
    .map((token) => (token as Tokens.Codespan).text);
}

it('the page on settings names every setting once, with its default', () => {
  const rows = tableRows(page('settings'), 'variable');
  expect(rows.map(([name]) => name).toSorted()).toEqual(VARIABLE_NAMES.toSorted());
  // Its default is two: a host and a port, neither of which is a setting of its own.
  const inCode = new Map([['MINIO_ENDPOINT', 'localhost:9000']]);
  for (const [name = '', shown = ''] of rows) {
    const setting = VARIABLE_NAMES.find((known) => known === name);
    expect(shown, name).toBe(inCode.get(name) ?? (setting && defaultOf(setting)) ?? '');
  }
});

it('the page on exit statuses has the meanings that the help prints', () => {
  const rows = tableRows(page('exit-codes'), 'status').map(([status, meaning]) => [
    status,
    meaning,
  ]);
  expect(rows).toEqual(Object.entries(EXIT_MEANINGS));
});

it('the page on exit statuses has every code of an error', () => {
  // A new code does not compile here until it is named.
  const codes: Record<ErrorCode, true> = {
    internal: true,
    disk: true,
    usage: true,
    configuration: true,
    partial: true,
    not_found: true,
    damaged: true,
    unreachable: true,
    access_denied: true,
    locked: true,
    refused: true,
    interrupted: true,
    terminated: true,
  };
  const expected = (Object.keys(codes) as ErrorCode[]).map((code) => [
    code,
    String(exitStatusOf(code)),
  ]);
  expect(tableRows(page('exit-codes'), 'error.code')).toEqual(expected);
});

it('the page on the schedule has the defaults of an entry', () => {
  const defaults = new Map(
    tableRows(page('schedule'), 'option').map(([name, value]) => [name, value]),
  );
  const { overlap, catchup, jitterMs, timeoutMs } = DEFAULT_OPTIONS;
  expect(defaults.get('overlap')).toBe(overlap);
  expect(defaults.get('catchup')).toBe(catchup);
  expect(defaults.get('jitter')).toBe(`${jitterMs / 1000}s`);
  expect([defaults.get('timeout'), timeoutMs]).toEqual(['none', undefined]);
});

it('the page on development names files that exist', () => {
  const paths = inlineCode(page('development')).filter((code) =>
    /^(?:src|test|bin|examples)\b/.test(code),
  );
  expect(paths.length).toBeGreaterThan(20);
  const missing = paths
    .map((path) => path.replace(/\/[A-Z]+(?:\/[A-Z]+\.tsx?|\.tsx?)?$/, ''))
    .filter((path) => !existsSync(new URL(`../../../${path}`, import.meta.url)));
  expect(missing).toEqual([]);
});

it('the examples of every command are command lines that the program understands', async () => {
  for (const entry of catalog.commands) {
    for (const command of Object.keys((await entry.load()).examples)) {
      // What a shell would put in.
      const line = command.replace(/\$(?:\([^)]*\)|SECONDS)/, '1');
      const [words] = commandLines(`\`\`\`sh\n${line}\n\`\`\`\n`);
      const parsed = await parseCommandLine(words ?? [], catalog, 80);
      expect(parsed.kind, command).toBe('run');
      if (parsed.kind === 'run') expect(parsed.invocation.name).toBe(entry.path.join(' '));
    }
  }
});
