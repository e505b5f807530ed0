import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { countOf } from '../../src/count-of.js';

const SOURCES = path.join(import.meta.dirname, '../../src');

const NOUNS =
  'objects|bytes|buckets|jobs|users|runs(?! it)|entries|files|versions|days|keys|lines|backups|archives|' +
  'settings|chunks|records|documents|rows|columns|characters|parts|times|seconds|attempts';

/** `${bytes} bytes` in a template, which is wrong of 1; a constant is never 1. */
const BARE_COUNT = new RegExp(`\\$\\{(?!countOf\\()(?![A-Z_]+\\})[^{}]*\\} (${NOUNS})\\b`);

it('says one and many', () => {
  expect(countOf(1, 'object')).toBe('1 object');
  expect(countOf(0, 'object')).toBe('0 objects');
  expect(countOf(1234n, 'entry', 'entries')).toBe('1,234 entries');
});

it('is what every message counts with', () => {
  const found = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      readFileSync(path.join(SOURCES, file), 'utf8')
        .split('\n')
        .filter((line) => BARE_COUNT.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(found).toEqual([]);
});
