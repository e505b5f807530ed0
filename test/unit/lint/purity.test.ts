import { describe, expect, it } from 'vitest';
import { findImpurities, readsEnvironment } from '../../lint/purity.js';
import { parseSource } from '../../lint/syntax.js';

const parse = (text: string) => parseSource('a.ts', text);

describe('a pure file', () => {
  it.each([
    "import type { Stats } from 'node:fs';",
    "import { join } from 'node:path';",
    'export const x = { process: 1, fetch: 2 }.process;',
    'export const at = (ms: number) => new Date(ms).toISOString();',
    'export const parse = (text: string) => Date.parse(text);',
    'export const most = Math.max(1, 2);',
  ])('may have %s', (text) => {
    expect(findImpurities(parse(text))).toEqual([]);
  });

  it.each([
    ["import { readFileSync } from 'node:fs';", 'imports node:fs'],
    ["import { readFile } from 'node:fs/promises';", 'imports node:fs/promises'],
    ["export const late = () => import('node:http');", 'imports node:http'],
    ['export const x = process.pid;', 'uses process'],
    ["export const x = fetch('a');", 'uses fetch'],
    ['export const x = (a: () => void) => setTimeout(a, 1);', 'uses setTimeout'],
    ['export const x = Date.now();', 'reads the clock'],
    ['export const x = performance.now();', 'reads the clock'],
    ['export const x = new Date();', 'reads the clock'],
    ['export const x = Math.random();', 'draws a random number'],
  ])('has no %s', (text, problem) => {
    expect(findImpurities(parse(text))).toEqual([problem]);
  });
});

it('tells who reads the environment', () => {
  expect(readsEnvironment(parse('export const x = process.env.HOME;'))).toBe(true);
  expect(readsEnvironment(parse('export const x = { env: process.pid };'))).toBe(false);
});
