import { countOf } from '../../count-of.js';
import type { WorkProgress } from '../../progress.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import type { Share, ShareOutcome, Sharer } from '../../workers/sharer.js';
import type { VerifyContext } from './bulk.js';
import { type Divided, divide } from './divided.js';
import { type ClosedBackup, type OpenBackup, lookAt } from './look.js';
import { type VerifyResult, addProblem, newResult } from './result.js';
import { type ShareResult, decodeShareResult, encodeShareResult } from './share-result.js';

/** A verify whose shares are read by workers on many machines. */

export interface ByShares {
  /** Is called once it is known that there is something to share. What it resolves to is closed at the end. */
  openSharer: () => Promise<Sharer>;
  /** Into how many shares the backup is cut; `undefined`: by its size. */
  shares?: number | undefined;
}

/**
 * Verifies a backup: this host checks what exists once while workers read the shares, and then reads what no
 * worker has read. The result is that of `verifyBackup`. A worker is believed what it says of its share; that all
 * objects were counted is compared with the directory. Rejects as `verifyBackup`, and as `openSharer`.
 */
export async function verifyByShares(
  context: VerifyContext,
  located: LocatedBackup,
  { openSharer, shares }: ByShares,
): Promise<VerifyResult> {
  const result = newResult(located.backup.id, false);
  const backup = await lookAt(located, result);
  if (backup === undefined) return result;
  try {
    const divided = await divide(context, backup, result, shares);
    const sharer = await openSharer();
    try {
      context.progress.start('verifying');
      const sharing = sharer.share(divided.pieces.length, '{}');
      // Its failure is seen when its turn comes; until then it must not count as unhandled.
      sharing.catch(() => undefined);
      await divided.checkOnce();
      const left = merge(result, await sharing, divided.pieces.length, backup);
      await readLeft(context.progress, divided, left);
    } finally {
      await sharer.close();
    }
    divided.end(true);
  } finally {
    await backup.close();
  }
  return result;
}

/** Adds what workers have found. Returns the shares of which none has told anything that can be used, and why. */
function merge(
  result: VerifyResult,
  outcomes: readonly ShareOutcome[],
  of: number,
  backup: OpenBackup | ClosedBackup,
): Map<number, string> {
  const known = new Set(result.problems.map(nameOf));
  const left = new Map<number, string>();
  for (let index = 1; index <= of; index++) {
    const answer = readOutcome(outcomes[index - 1], { index, of }, backup);
    if ('reason' in answer) left.set(index, answer.reason);
    else add(result, answer.result, known);
  }
  return left;
}

/**
 * Reads a share for the head of a verify. Resolves to the text that `verifyByShares` reads. Rejects as
 * `verifyBackup`.
 */
export async function verifyForHead(
  context: VerifyContext,
  located: LocatedBackup,
  share: Share,
): Promise<string> {
  const result = newResult(located.backup.id, false);
  const backup = await lookAt(located, result);
  if (backup === undefined) return encodeShareResult(result, share, undefined);
  try {
    const divided = await divide(context, backup, result, share.of);
    await divided.read([share.index]);
    divided.end(false);
    return encodeShareResult(result, share, backup.summary);
  } finally {
    await backup.close();
  }
}

/** Returns what a worker has found, or why this host reads the share itself. */
function readOutcome(
  outcome: ShareOutcome | undefined,
  share: Share,
  { summary, kind }: OpenBackup | ClosedBackup,
): { result: ShareResult } | { reason: string } {
  if (outcome === undefined) return { reason: 'there is no answer' };
  if ('failure' in outcome) return { reason: outcome.failure.message };
  try {
    const isClosed = kind === 'closed';
    return { result: decodeShareResult(outcome.result, share, { summary, isClosed }) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { reason: error.message };
  }
}

/** Reads what no worker has read. A warning for each reason says how much that is. */
async function readLeft(
  progress: WorkProgress,
  divided: Divided,
  left: ReadonlyMap<number, string>,
): Promise<void> {
  const pieces = (index: number) => divided.pieces[index - 1] ?? 0;
  // A share without pieces has nothing to read, so that its missing answer does not matter.
  const wanted = [...left.keys()].filter((index) => pieces(index) > 0);
  for (const reason of new Set(wanted.map((index) => left.get(index) ?? ''))) {
    const alike = wanted.filter((index) => left.get(index) === reason);
    progress.warn(`this host reads ${countOf(alike.length, 'share')} itself: ${reason}`);
  }
  if (wanted.length > 0) await divided.read(wanted);
}

type Problem = ShareResult['problems'][number];

/** Adds what a worker has found. What each share reports, or this host has found, is there once. */
function add(result: VerifyResult, share: ShareResult, known: Set<string>): void {
  result.objects += share.objects;
  result.bytes += share.bytes;
  for (const problem of share.problems) {
    const name = nameOf(problem);
    if (known.has(name)) continue;
    known.add(name);
    const { kind, message, bucket, key } = problem;
    const of = bucket === undefined || key === undefined ? {} : { bucket, key };
    addProblem(result, kind, message, of);
  }
  result.problems_omitted += share.problems_omitted;
  if (share.status === 'incomplete') result.status = 'incomplete';
  else if (share.status === 'damaged' && result.status === 'ok') result.status = 'damaged';
}

function nameOf({ kind, message, bucket, key }: Problem): string {
  return JSON.stringify([kind, message, bucket, key]);
}
