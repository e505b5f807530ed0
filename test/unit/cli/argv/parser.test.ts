import { describe, expect, it } from 'vitest';
import { catalog } from '../../../../src/cli/catalog.js';
import { MangamotionError } from '../../../../src/errors.js';
import { parseCommandLine } from '../../../../src/cli/argv/parser.js';
import { exampleLines } from '../../../../src/cli/argv/help-layout.js';
import { selectCommand } from '../../../../src/cli/argv/select-command.js';
import { catalogOf } from '../world.js';

const program = catalogOf({
  description: 'Tests everything.',
  arguments: { folder: { description: 'where', complete: 'folder' } },
  options: {
    sample: {
      value: 'percent',
      description: 'a part',
      parse: (text) => {
        if (/^\d+%$/.test(text)) return Number.parseInt(text, 10);
        throw new MangamotionError('usage', 'must be a percentage such as 5%');
      },
    },
    mode: { value: 'mode', description: 'how', choices: ['fast', 'slow'], default: 'fast' },
  },
  changes: 'dry-run',
  usesStore: true,
  endsWith: ['unreachable', 'partial'],
  examples: { 'mangamotion backup test ./b': 'test it' },
});

function parse(...argv: string[]) {
  return parseCommandLine(argv, program, 100);
}

async function invocation(...argv: string[]) {
  const parsed = await parse(...argv);
  if (parsed.kind !== 'run') throw new Error(`not run but ${parsed.kind}`);
  return parsed.invocation;
}

async function help(...argv: string[]) {
  const parsed = await parse(...argv);
  if (parsed.kind !== 'print') throw new Error(`not printed but ${parsed.kind}`);
  return parsed.text;
}

describe('global options', () => {
  it.each([
    ['--json', '--config', 'c.json', 'backup', 'test', 'x'],
    ['backup', '--json', 'test', '--config=c.json', 'x'],
    ['backup', 'test', 'x', '--config', 'c.json', '--json'],
  ])('are accepted wherever they stand: %s %s %s %s %s', async (...argv) => {
    const { global, args, name } = await invocation(...argv);
    expect(global).toMatchObject({ json: true, config: 'c.json', noColor: false, debug: false });
    expect(args).toEqual({ folder: 'x' });
    expect(name).toBe('backup test');
  });

  it('turn colour off by --no-color', async () => {
    expect((await invocation('backup', 'test', 'x', '--no-color')).global.noColor).toBe(true);
  });

  it('have none that takes a secret key', async () => {
    await expect(parse('--secret-key', 'x', 'backup', 'test')).rejects.toThrow(/unknown option/);
  });
});

describe('wrong usage', () => {
  it.each([
    [['backup', 'tset'], "unknown command 'tset'", 'did you mean test?'],
    [['backup', 'tset'], "unknown command 'tset'", 'run `mangamotion backup --help`'],
    [['backpu'], "unknown command 'backpu'", 'did you mean backup?'],
    [['backup', 'test', 'x', '--smaple', '1%'], "unknown option '--smaple'", '--sample'],
    [['backup', 'test'], "missing required argument 'folder'", 'backup test --help'],
    [['backup', 'test', 'x', 'y'], /too many arguments/, 'backup test --help'],
    [['backup', 'test', 'x', '--sample'], /argument missing/, 'backup test --help'],
    [
      ['backup', 'test', 'x', '--sample', 'all'],
      "--sample must be a percentage such as 5%, not 'all'",
      'backup test --help',
    ],
    [
      ['backup', 'test', 'x', '--mode', 'odd'],
      "--mode must be one of fast, slow, not 'odd'",
      'backup test --help',
    ],
  ])('%j says what is wrong and what to do', async (argv, message, hint) => {
    const error = await parse(...argv).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MangamotionError);
    const usage = error as MangamotionError;
    expect(usage.code).toBe('usage');
    expect(usage.message).toMatch(message);
    expect(usage.hint).toContain(hint);
  });

  it('of no command, or half of one, is answered with help', async () => {
    expect(await parse()).toMatchObject({ kind: 'incomplete' });
    expect(await parse('backup')).toMatchObject({ kind: 'incomplete' });
  });
});

describe('help', () => {
  it('of the program lists commands without loading them', async () => {
    const unloadable = [
      { path: ['x'], summary: 'do x', load: () => Promise.reject(new Error('loaded')) },
    ];
    const parsed = await parseCommandLine(['--help'], { commands: unloadable, groups: {} }, 100);
    expect(parsed).toMatchObject({
      kind: 'print',
      text: expect.stringMatching(/x +do x/) as string,
    });
  });

  it('of a command ends with its examples and its exit statuses, from the one table', async () => {
    const text = await help('backup', 'test', '--help');
    expect(text).toContain('Tests everything.');
    expect(text).toContain('--dry-run');
    expect(text).toContain('how (fast, slow; default: fast)');
    expect(text.slice(text.indexOf('Examples:'))).toBe(
      [
        'Examples:',
        '  # test it',
        '  $ mangamotion backup test ./b',
        '',
        'Exit statuses:',
        '    0  done',
        '    1  an unexpected error: a bug, or a disk that failed or is full',
        '    2  wrong usage or configuration',
        '    3  finished, but in part: what is missing is named in the output',
        '    6  Redis or the object store cannot be reached, or refuses the credentials',
        '',
      ].join('\n'),
    );
  });

  it('shows connection options only where there is a connection', async () => {
    expect(await help('backup', 'test', '--help')).toContain('--endpoint');
    const offline = await parseCommandLine(['backup', 'test', '-h'], catalogOf({}), 100);
    expect(offline).not.toMatchObject({ text: expect.stringContaining('--endpoint') as string });
  });

  it.each([60, 80])('is never wider than a terminal of %i columns', async (width) => {
    const groups = catalog.commands.flatMap(({ path }) => path.map((_, at) => path.slice(0, at)));
    const all = [...groups, ...catalog.commands.map(({ path }) => path)];
    for (const words of new Map(all.map((path) => [path.join(' '), path])).values()) {
      const parsed = await parseCommandLine([...words, '--help'], catalog, width);
      if (parsed.kind !== 'print') throw new Error('no help');
      // A path or a quoted filter cannot be broken so that it can still be copied.
      const wide = parsed.text.split('\n').filter((line) => line.length > width);
      expect(wide.filter((line) => !/^ {6}(['"]|\S*\/\S*(?: \\)?$)|jq '/.test(line))).toEqual([]);
    }
  });

  it('of a group has examples', async () => {
    for (const words of [[], ['backup'], ['billing'], ['billing', 'track'], ['jobs']]) {
      const parsed = await parseCommandLine([...words, '--help'], catalog, 80);
      const text = parsed.kind === 'print' ? parsed.text : '';
      expect(text).toContain(`\n  $ ${['mangamotion', ...words].join(' ')} `);
      expect(text).toContain(`\`${['mangamotion', ...words].join(' ')} COMMAND --help\``);
    }
  });

  it('breaks long examples so that they can be copied', () => {
    const command = `mangamotion x --filter 'a "b" c' --destination dir`;
    expect(exampleLines({ [command]: 'm' }, 40)).toBe(
      `  # m\n  $ mangamotion x \\\n      --filter 'a "b" c' \\\n      --destination dir`,
    );
  });
});

describe('selecting a command', () => {
  it('steps over options and their values', () => {
    const argv = ['--config', 'backup', '--json', 'backup', '-q', 'test', 'x'];
    expect(selectCommand(argv, program.commands)).toBe(program.commands[0]);
  });

  it('finds none where the words are no command', () => {
    expect(selectCommand(['backup'], program.commands)).toBeUndefined();
    expect(selectCommand(['test'], program.commands)).toBeUndefined();
  });
});

describe('the catalog', () => {
  it.each(catalog.commands.map((entry) => [entry.path.join(' '), entry] as const))(
    '%s has help as the contract asks: exit statuses, and two or three examples',
    async (name, entry) => {
      const command = await entry.load();
      const examples = Object.keys(command.examples);
      expect(examples.length).toBeGreaterThanOrEqual(2);
      expect(examples.length).toBeLessThanOrEqual(3);
      for (const example of examples) expect(example).toContain(`mangamotion ${name}`);
      expect(entry.summary).toMatch(/^[a-z].*[^.]$/);
      expect(command.description).toMatch(/^[A-Z].*\.$/s);
    },
  );
});
