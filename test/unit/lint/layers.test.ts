import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Linter } from 'eslint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { existing, layersPlugin } from '../../lint/layers.js';

const folder = mkdtempSync(join(tmpdir(), 'mangamotion-layers-'));
const layers = { cli: ['*'], feature: ['base'], other: ['base'], base: [] };

const FILES: Record<string, string> = {
  'cli/main.ts': "import '../feature/good.js';\nimport '../base/a.js';",
  'feature/good.ts': "import { a } from '../base/a.js';\nimport './deep/c.js';",
  'feature/sideways.ts': "export * from '../other/d.js';",
  'feature/late.ts': "export const late = () => import('../other/d.js');",
  'feature/typed.ts': "export { d } from '../other/d.js';",
  'other/d.ts': 'export const d = 1;',
  'feature/deep/c.ts': 'export const c = 1;',
  'base/a.ts': 'export const a = 1;',
  'base/one.ts': "import './two.js';",
  'base/two.ts': "import './three.js';",
  'base/three.ts': "import './one.js';",
  'base/room/x.ts': "import '../table.js';",
  'base/room/y.ts': 'export const y = 1;',
  'base/table.ts': "import './room/y.js';",
  'base/shown.tsx': "import './part.js';",
  'base/part.ts': "import './shown.js';",
};

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function messages(name: string): string[] {
  const linter = new Linter({ cwd: folder });
  const config = {
    files: ['**/*.{ts,tsx}'],
    plugins: { imports: layersPlugin(folder, layers) },
    rules: { 'imports/layers': 'error' as const },
  };
  const found = linter.verify(FILES[name] ?? '', config as Linter.Config, join(folder, name));
  return found.map(({ message }) => message);
}

describe('the layers', () => {
  it('let imports point down', () => {
    expect(messages('cli/main.ts')).toEqual([]);
    expect(messages('feature/good.ts')).toEqual([]);
    expect(messages('base/a.ts')).toEqual([]);
  });

  it.each(['feature/sideways.ts', 'feature/late.ts', 'feature/typed.ts'])(
    'report %s, which imports from a feature beside it',
    (name) => {
      expect(messages(name)).toEqual(['src/feature must not import from src/other.']);
    },
  );

  it('report every file of a circle', () => {
    for (const name of ['base/one.ts', 'base/two.ts', 'base/three.ts']) {
      expect(messages(name)).toEqual([
        'These import one another in a circle: base/one.ts, base/three.ts, base/two.ts.',
      ]);
    }
  });

  it('report a circle of which a part draws', () => {
    for (const name of ['base/shown.tsx', 'base/part.ts']) {
      expect(messages(name)).toEqual([
        'These import one another in a circle: base/part.ts, base/shown.tsx.',
      ]);
    }
  });

  it('report a folder and a file that import from each other, through different files', () => {
    for (const name of ['base/table.ts', 'base/room/x.ts']) {
      expect(messages(name)).toEqual([
        'These import one another in a circle: base/room/, base/table.ts.',
      ]);
    }
  });

  it('fail for a part that nobody has placed, and for one that is not there', () => {
    expect(() => layersPlugin(folder, { cli: ['*'], feature: [], other: [] })).toThrow(
      'do not name base',
    );
    expect(() => layersPlugin(folder, { ...layers, gone: [] })).toThrow('gone: no such part');
    expect(() => layersPlugin(folder, { ...layers, cli: ['gone'] })).toThrow('gone: no such part');
  });
});

describe('lists of files', () => {
  it('fail for one that is not there', () => {
    expect(existing(folder, ['base/a.ts', 'base/room/'])).toEqual([
      'base/a.ts',
      'base/room/**/*.ts',
    ]);
    expect(() => existing(folder, ['base/gone.ts'])).toThrow(
      'no such file or folder: base/gone.ts',
    );
    expect(() => existing(folder, ['base/gone/'])).toThrow('base/gone/');
  });
});
