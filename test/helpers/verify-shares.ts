import { expect } from 'vitest';
import { type VerifyResult, addProblem, newResult } from '../../src/backup/verify/result.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import type { LocatedBackup } from '../../src/repository/located-backup.js';
import { NO_PROGRESS } from './backups.js';

/** Whole checks and their shares have to find the same. */

/** Verifies each of so many shares, as as many machines would. */
async function verifyEachShare(located: LocatedBackup, of: number): Promise<VerifyResult[]> {
  const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
  const results: VerifyResult[] = [];
  for (let index = 1; index <= of; index++) {
    results.push(await verifyBackup(context, located, { quick: false, share: { index, of } }));
  }
  return results;
}

const textOf = ({ kind, message }: { kind: string; message: string }) => `${kind}: ${message}`;
/** What a whole check compares at its end, if it has found nothing else. */
const isOfCounts = (text: string) => /^directory: checked \d+ of \d+ /.test(text);

/**
 * Checks that the shares of a backup find all that was found of the whole, count the same objects, and are all
 * right only if the whole is.
 */
export async function expectSharesToAgree(
  whole: VerifyResult,
  located: LocatedBackup,
  counts: readonly number[] = [1, 2, 3, 7, 40],
): Promise<void> {
  for (const of of counts) {
    const results = await verifyEachShare(located, of);
    const all = newResult(whole.id, false);
    for (const { objects, bytes, problems } of results) {
      all.objects += objects;
      all.bytes += bytes;
      for (const { kind, message } of problems) addProblem(all, kind, message);
    }
    const found = new Set(all.problems.map(textOf));
    const missed = whole.problems.map(textOf).filter((text) => !found.has(text));
    expect({ of, missed: missed.filter((text) => !isOfCounts(text)) }).toEqual({ of, missed: [] });
    const { objects, bytes, status } = all;
    const expected = { objects: whole.objects, bytes: whole.bytes, status: whole.status };
    expect({ of, objects, bytes, status }).toEqual({ of, ...expected });
    for (const [at, one] of results.entries()) {
      expect(one).toMatchObject({ share: at + 1, shares: of });
      expect(one.status === 'ok').toBe(one.problems.length === 0);
      expect(one.not_opened).toBe(whole.not_opened);
    }
  }
}
