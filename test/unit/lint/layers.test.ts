import { describe, expect, it } from 'vitest';
import { findCircles } from '../../lint/circles.js';
import { findBreaches } from '../../lint/layers.js';
import { parseSource } from '../../lint/syntax.js';

const layers = { cli: ['*'], feature: ['base'], other: ['base'], base: [] };

const FILES = {
  'cli/main.ts': "import '../feature/good.js';\nimport '../base/a.js';",
  'feature/good.ts': "import { a } from '../base/a.js';\nimport './deep/c.js';",
  'feature/deep/c.ts': 'export const c = 1;',
  'other/d.ts': 'export const d = 1;',
  'base/a.ts': 'export const a = 1;',
};

function sources(files: Record<string, string>) {
  return new Map(Object.entries(files).map(([file, text]) => [file, parseSource(file, text)]));
}

describe('the layers', () => {
  it('let imports point down', () => {
    expect(findBreaches(sources(FILES), layers)).toEqual([]);
  });

  it.each([
    ["import '../other/d.js';"],
    ["import type { D } from '../other/d.js';"],
    ["import { type D } from '../other/d.js';"],
    ["export * from '../other/d.js';"],
    ["export { d } from '../other/d.js';"],
    ["export const late = () => import('../other/d.js');"],
    ["export type D = import('../other/d.js').D;"],
  ])('report %s in a feature beside it', (text) => {
    const files = sources({ ...FILES, 'feature/sideways.ts': text });
    expect(findBreaches(files, layers)).toEqual(['feature/sideways.ts must not import other/d.ts']);
  });

  it('report a part that nobody has placed, and one that is not there', () => {
    const { base, ...others } = layers;
    expect(findBreaches(sources(FILES), others)).toContain('base is in no layer');
    expect(findBreaches(sources(FILES), { ...others, base, gone: [] })).toEqual([
      'there is no gone',
    ]);
    expect(findBreaches(sources(FILES), { ...layers, other: ['gone'] })).toEqual([
      'there is no gone',
    ]);
  });
});

describe('circles', () => {
  it.each([
    [
      'of files',
      {
        'one.ts': "import './two.js';",
        'two.ts': "import './x.js';",
        'x.ts': "import './one.js';",
      },
      ['one.ts', 'two.ts', 'x.ts'],
    ],
    [
      'of which a file draws',
      { 'shown.tsx': "import './part.js';", 'part.ts': "import './shown.js';" },
      ['part.ts', 'shown.tsx'],
    ],
    [
      'of a folder and a file, through different files',
      {
        'room/x.ts': "import '../table.js';",
        'room/y.ts': '',
        'table.ts': "import './room/y.js';",
      },
      ['room/', 'table.ts'],
    ],
  ])('%s are found', (_what, files: Record<string, string>, circle) => {
    expect(findCircles(sources({ ...files, 'other.ts': "import './one.js';" }))).toEqual([circle]);
  });

  it('are none where one file imports another', () => {
    expect(findCircles(sources({ 'a.ts': "import './b.js';", 'b.ts': '' }))).toEqual([]);
  });
});
