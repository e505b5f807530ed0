import { expect } from 'vitest';
import { failureOf } from './archive-memory.js';

/** Rejects as an archive that is damaged does, with a way to see more of it. */
export async function expectDamaged(promise: Promise<unknown>, words?: RegExp): Promise<void> {
  const error = await failureOf(promise);
  expect(error.code).toBe('damaged');
  expect(error.hint).toContain('mangamotion backup verify');
  if (words !== undefined) expect(error.message).toMatch(words);
}
