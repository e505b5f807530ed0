import type { Archive } from '../../archive/archive.js';
import type { Directory } from '../../archive/directory.js';
import { countOf, formatCount } from '../../count-of.js';
import { isMangamotionError } from '../../errors.js';
import type { KeyLine } from '../../keyspace/line.js';
import { PieceOrder } from '../../keyspace/piece-order.js';
import { KEY_TYPES } from '../../keyspace/value.js';
import { readKeyLines, redisMembersOf } from '../../repository/key-members.js';
import type { Summary } from '../../repository/summary.js';
import { type VerifyResult, addProblem } from './result.js';

/** Reads all keys of Redis in a backup: every line, the order of pieces, and the counts of the summary. */
export async function verifyRedis(
  archive: Archive,
  directory: Directory,
  { redis }: Summary,
  result: VerifyResult,
  signal: AbortSignal,
): Promise<void> {
  const types = { string: 0, hash: 0, list: 0, set: 0, zset: 0, stream: 0 };
  let inPieces = 0;
  let order = new PieceOrder();
  const found = { damage: false };
  const count = (line: KeyLine): void => {
    order.add(line);
    const { piece } = line;
    if (piece !== undefined && (piece.more || piece.abandoned)) return;
    types[line.content.type] += 1;
    if (piece !== undefined) inPieces += 1;
  };
  const report = (message: string): void => {
    found.damage = true;
    order = new PieceOrder();
    addProblem(result, 'redis', message);
  };
  for (const entry of redisMembersOf(directory)) {
    signal.throwIfAborted();
    try {
      for (const line of await readKeyLines(archive, entry)) count(line);
    } catch (error) {
      if (error instanceof SyntaxError) report(`${entry.path}: ${error.message}`);
      else if (isMangamotionError(error, 'damaged')) report(error.message);
      else throw error;
    }
  }
  if (found.damage || redis === undefined) return;
  try {
    order.end();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    report(error.message);
    return;
  }
  const keys = KEY_TYPES.reduce((sum, type) => sum + types[type], 0);
  const isRight =
    keys === redis.keys &&
    inPieces === redis.in_pieces &&
    KEY_TYPES.every((type) => types[type] === redis.types[type]);
  if (isRight) return;
  report(
    `the backup holds ${countOf(keys, 'key')} of Redis, and the summary says ${formatCount(redis.keys)}, or other types`,
  );
}
