import { describe, expect, it } from 'vitest';
import { prefers } from '../../../src/serve/accept.js';

describe('the preferred type of an answer', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['text/*', false],
    ['text/csv', true],
    ['TEXT/CSV', true],
    ['application/json, text/csv', false],
    ['application/json;q=0.5, text/csv', true],
    ['application/json, text/csv;q=0.5', false],
    ['text/csv; charset=utf-8', true],
    ['text/csv;q=0', false],
    ['text/csv;q=odd', false],
    ['text/csv-schema', false],
  ])('%j asks for CSV: %j', (accept, isCsv) => {
    expect(prefers(accept, 'text/csv', 'application/json')).toBe(isCsv);
  });
});
