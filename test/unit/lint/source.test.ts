import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findBreaches } from '../../lint/layers.js';
import { findImpurities, readsEnvironment } from '../../lint/purity.js';
import { readSources } from '../../lint/syntax.js';
import { LAYERS, PURE } from '../../lint/tables.js';

const sources = readSources(fileURLToPath(new URL('../../../src', import.meta.url)));

describe('the sources', () => {
  it('import down the layers, and in no circle', () => {
    expect(findBreaches(sources, LAYERS)).toEqual([]);
  });

  it.each(PURE)('are pure in %s', (path) => {
    const files = [...sources].filter(([file]) =>
      path.endsWith('/') ? file.startsWith(path) : file === path,
    );
    // A name that stands for no file guards nothing.
    expect(files).not.toEqual([]);
    const problems = files.flatMap(([file, source]) =>
      findImpurities(source).map((problem) => `${file} ${problem}`),
    );
    expect(problems).toEqual([]);
  });

  it('read the environment in config alone', () => {
    const readers = [...sources].filter(([, source]) => readsEnvironment(source));
    expect(readers.map(([file]) => file).filter((file) => !file.startsWith('config/'))).toEqual([]);
  });

  it('know of the server, in the page, only the types of its documents', () => {
    const wrong = [...sources]
      .filter(([file]) => file.startsWith('web/'))
      .flatMap(([file, { imports }]) =>
        imports
          .filter(
            ({ specifier, isType }) =>
              specifier.startsWith('node:') ||
              (specifier.includes('/serve/') && !(isType && specifier.includes('/serve/schemas/'))),
          )
          .map(({ specifier }) => `${file} imports ${specifier}`),
      );
    expect(wrong).toEqual([]);
  });
});
