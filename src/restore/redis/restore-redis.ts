import { MangamotionError } from '../../errors.js';
import { damagedArchive } from '../../archive/errors.js';
import type { ConflictWay, Decision, Standing } from '../../keyspace/compare.js';
import { hasFieldLives } from '../../keyspace/field-lives.js';
import { type Glob, globOf } from '../../keyspace/glob.js';
import { LargeComparison, LargeWrite, UNFINISHED_PREFIX } from '../../keyspace/large-keys.js';
import { serverFacts } from '../../keyspace/server.js';
import { type Outcome, planKeys, writeKeys } from '../../keyspace/write-keys.js';
import { CANNOT_EXPIRE_FIELDS } from '../../keyspace/write-field-lives.js';
import { namesOf } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import { scanKeys } from '../../redis/scan.js';
import type { KeyLine } from '../../keyspace/line.js';
import { PieceOrder } from '../../keyspace/piece-order.js';
import { identityOf, shownText, textOf } from '../../keyspace/value.js';
import { readKeyLines, redisMembersOf } from '../../repository/key-members.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { type OpenCommitted, openCommitted } from '../../repository/open-backup.js';
import { type RedisRestoreReport, addOutcome, emptyReport, withoutRedis } from './report.js';

export interface RedisRestoreContext {
  /** A connection that nobody else uses. */
  redis: RedisReader;
  signal: AbortSignal;
  onProgress: (keys: number) => void;
}

export interface RedisRestoreOptions {
  way: ConflictWay;
  /** Only keys that match one of these; empty for all. */
  patterns: readonly string[];
}

export interface PlannedRedisRestore {
  report: RedisRestoreReport;
  /** Keys of the database that match none of the patterns of the backup; the first few. */
  strangers: string[];
  /** The keys that would be overwritten. */
  overwrites: number;
  /** Carries the plan out. `done` counts what was written, also where this rejects. */
  apply: (done: { keys: number }) => Promise<RedisRestoreReport>;
  close: () => Promise<void>;
}

/** Keys that are compared and written at once. */
const KEYS_AT_ONCE = 200;
const MOST_STRANGERS = 5;

/**
 * Plans to put the keys of a backup into Redis. Nothing is written. Rejects with `not_found` where the
 * backup has no keys, with `refused` for a replica, and with `damaged` for a member that is not what
 * was written: it is read completely before anything is changed.
 */
export async function planRedisRestore(
  context: RedisRestoreContext,
  located: LocatedBackup,
  options: RedisRestoreOptions,
  dryRun: boolean,
): Promise<PlannedRedisRestore> {
  const opened = await openCommitted(located);
  try {
    const { redis: held } = opened.summary;
    if (held === undefined) throw withoutRedis(opened.id);
    await requireMaster(context.redis);
    const wanted = options.patterns.length === 0 ? () => true : globOf(options.patterns);
    const strangers = await findStrangers(context, held.patterns);
    const large = new Map<string, LargePlan>();
    const report = emptyReport(opened.id, dryRun);
    let overwrites = 0;
    const count = (outcome: Outcome): void => {
      if (outcome.written && outcome.decision.standing !== 'create') overwrites += 1;
      addOutcome(report, outcome);
    };
    await planAll(context, opened, wanted, options.way, large, count);
    if (held.status === 'partial') {
      const [first] = held.failures;
      const why = first === undefined ? '' : `: ${first.key ?? 'Redis'}: ${first.reason}`;
      report.problems.push(`the backup does not hold all keys of Redis${why}`);
    }
    if (held.losses.length > 0) {
      const what = held.losses.map((loss) => `${loss.count} ${loss.what}`).join(', ');
      report.problems.push(`the backup does not hold: ${what}`);
    }
    return {
      ...{ report, strangers, overwrites },
      apply: async (done) => {
        const applied = emptyReport(opened.id, false);
        applied.problems = report.problems;
        await applyAll(context, opened, wanted, options.way, large, (outcome) => {
          addOutcome(applied, outcome);
          done.keys = applied.restored;
        });
        return applied;
      },
      close: () => opened.archives.close(),
    };
  } catch (error) {
    await opened.archives.close();
    throw error;
  }
}

async function requireMaster(redis: RedisReader): Promise<void> {
  const { role } = await serverFacts(redis);
  if (role === 'master') return;
  const { text, setting } = namesOf(redis.server);
  if (role === undefined) {
    throw new MangamotionError(
      'refused',
      `Redis at ${text} does not tell whether it is a replica, which loses what is written to it`,
      { hint: 'permit its user INFO (or HELLO, in +@connection)' },
    );
  }
  throw new MangamotionError('refused', `Redis at ${text} is a ${role}, not a master`, {
    hint: `point ${setting} at the master; redis-sentinel:// finds it`,
  });
}

async function findStrangers(
  { redis, signal }: RedisRestoreContext,
  patterns: readonly string[],
): Promise<string[]> {
  const isKnown = globOf([...patterns, `${UNFINISHED_PREFIX}*`]);
  const strangers: string[] = [];
  // It also rejects where the server is part of a cluster.
  for await (const keys of scanKeys(redis, '*', signal)) {
    for (const key of keys) {
      if (isKnown(key)) continue;
      strangers.push(shownText(textOf(key)));
      if (strangers.length >= MOST_STRANGERS) return strangers;
    }
  }
  return strangers;
}

type Portion = { kind: 'whole'; lines: KeyLine[] } | { kind: 'piece'; line: KeyLine };

/** The wanted lines of a backup: whole keys some at a time, and each piece of a large key alone. */
async function* portionsOf(
  { archives, directory }: OpenCommitted,
  wanted: Glob,
  signal: AbortSignal,
): AsyncGenerator<Portion> {
  const order = new PieceOrder();
  const archive = await archives.of(directory.archive);
  const checked = (check: () => void, path: string): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw damagedArchive(`${path}: ${error.message}`, error);
    }
  };
  for (const entry of redisMembersOf(directory)) {
    let lines: KeyLine[] = [];
    for (const line of await readKeyLines(archive, entry)) {
      checked(() => order.add(line), entry.path);
      if (!wanted(line.key)) continue;
      signal.throwIfAborted();
      if (line.piece !== undefined) yield { kind: 'piece', line };
      else if (lines.push(line) >= KEYS_AT_ONCE) {
        yield { kind: 'whole', lines };
        lines = [];
      }
    }
    if (lines.length > 0) yield { kind: 'whole', lines };
  }
  checked(() => order.end(), directory.archive);
}

interface LargePlan {
  decision: Decision;
  /** Why it cannot be written here. */
  failed: string | undefined;
}

type OnOutcome = (outcome: Outcome) => void;

async function planAll(
  { redis, signal, onProgress }: RedisRestoreContext,
  opened: OpenCommitted,
  wanted: Glob,
  way: ConflictWay,
  large: Map<string, LargePlan>,
  onOutcome: OnOutcome,
): Promise<void> {
  let comparison: LargeComparison | undefined;
  let keys = 0;
  for await (const portion of portionsOf(opened, wanted, signal)) {
    if (portion.kind === 'whole') {
      for (const outcome of await planKeys(redis, portion.lines, way)) onOutcome(outcome);
      keys += portion.lines.length;
      onProgress(keys);
      continue;
    }
    const { line } = portion;
    comparison ??= await LargeComparison.begin(redis, line);
    await comparison.add(line);
    if (line.piece?.more === true) continue;
    const standing = await comparison.end(line);
    const { expiresFields } = comparison;
    comparison = undefined;
    if (line.piece?.abandoned === true) continue;
    const decision = decisionFor(line, standing, way);
    const isFine = decision.action !== 'write' || !expiresFields;
    const failed =
      isFine || (await hasFieldLives(redis, line.key)) ? undefined : CANNOT_EXPIRE_FIELDS;
    large.set(identityOf(line.key), { decision, failed });
    onOutcome(outcomeOf(line, decision, failed));
  }
}

function decisionFor(line: KeyLine, standing: Standing, way: ConflictWay): Decision {
  const isExpired = line.expiresAtMs !== null && line.expiresAtMs <= Date.now();
  const writes = standing === 'create' || (standing === 'other' && way === 'replace');
  return {
    standing: isExpired ? 'expired' : standing,
    action: writes && !isExpired ? 'write' : 'none',
    ...{ raises: undefined, lost: [] },
  };
}

function outcomeOf({ key }: KeyLine, decision: Decision, failed?: string): Outcome {
  return { key, decision, failed, written: failed === undefined && decision.action === 'write' };
}

async function applyAll(
  { redis, signal, onProgress }: RedisRestoreContext,
  opened: OpenCommitted,
  wanted: Glob,
  way: ConflictWay,
  large: ReadonlyMap<string, LargePlan>,
  onOutcome: OnOutcome,
): Promise<void> {
  let write: LargeWrite | undefined;
  let keys = 0;
  for await (const portion of portionsOf(opened, wanted, signal)) {
    if (portion.kind === 'whole') {
      for (const outcome of await writeKeys(redis, portion.lines, way)) onOutcome(outcome);
      keys += portion.lines.length;
      onProgress(keys);
      continue;
    }
    const { line } = portion;
    const planned = large.get(identityOf(line.key));
    const isLast = line.piece?.more !== true;
    if (planned?.decision.action === 'write' && planned.failed === undefined) {
      write ??= new LargeWrite(redis, line.key);
      if (line.piece?.abandoned !== true) await write.add(line);
    }
    if (!isLast) continue;
    if (line.piece?.abandoned === true) await write?.drop();
    else if (planned !== undefined) onOutcome(await endOf(line, planned, write, way));
    write = undefined;
  }
}

async function endOf(
  line: KeyLine,
  { decision: decided, failed }: LargePlan,
  write: LargeWrite | undefined,
  way: ConflictWay,
): Promise<Outcome> {
  if (write === undefined) return outcomeOf(line, decided, failed);
  const done = await write.commit(line.expiresAtMs, way !== 'replace');
  if (done === 'written') return outcomeOf(line, decided);
  if (done === 'there') return outcomeOf(line, { ...decided, standing: 'other', action: 'none' });
  return outcomeOf(line, decided, done.refused);
}
