import { describe, expect, it } from 'vitest';
import { defineCommand } from '../../../../src/cli/argv/command.js';
import { allGlobalOptions } from '../../../../src/cli/argv/global-options.js';
import type { ArgumentSpec, OptionSpec } from '../../../../src/cli/argv/option-specs.js';
import { catalog } from '../../../../src/cli/catalog.js';

type Spec = ArgumentSpec | OptionSpec;

/** Every spec of the program that has a default, with the name by which it is found. */
async function defaults(): Promise<[name: string, spec: ArgumentSpec][]> {
  const found = new Map<string, Spec>(Object.entries(allGlobalOptions));
  for (const entry of catalog.commands) {
    const { path } = entry;
    const command = await entry.load();
    for (const [name, spec] of Object.entries({ ...command.arguments, ...command.options }))
      found.set([...path, name].join(' '), spec);
  }
  return [...found].flatMap(([name, spec]) => ('default' in spec ? [[name, spec]] : []));
}

describe('the default of an option or argument', () => {
  it('is a value of it in every command: parsed already, or one of the choices', async () => {
    const all = await defaults();
    expect(all.length).toBeGreaterThan(10);
    for (const [name, { parse, choices, default: value }] of all) {
      if (choices !== undefined) expect(choices, name).toContain(value);
      // What is parsed is given as a text: a default that is a text must stay what it is.
      if (parse !== undefined) expect(parse(String(value)), name).toEqual(value);
    }
  });

  it('is checked by the types: one that was not parsed is no command', () => {
    const rest = {
      description: '',
      changes: 'nothing' as const,
      usesStore: false,
      printsRows: false,
      endsWith: [],
      examples: {},
      arguments: {},
      run: () => Promise.resolve(undefined),
    };
    const option = { value: 'count', description: '', parse: Number } as const;
    defineCommand({ ...rest, options: { limit: { ...option, default: 50 } } });
    // @ts-expect-error The text was not parsed.
    defineCommand({ ...rest, options: { limit: { ...option, default: '50' } } });
    const choice = { value: 'how', description: '', choices: ['none', 'token'] } as const;
    defineCommand({ ...rest, options: { auth: { ...choice, default: 'none' } } });
    // @ts-expect-error It is none of the choices.
    defineCommand({ ...rest, options: { auth: { ...choice, default: 'other' } } });
    const plain = { description: '' } as const;
    defineCommand({ ...rest, arguments: { file: { ...plain, default: 'x' } }, options: {} });
    // @ts-expect-error Without a parser it is a text.
    defineCommand({ ...rest, arguments: { file: { ...plain, default: 5 } }, options: {} });
    expect.assertions(0);
  });
});
