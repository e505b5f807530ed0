import { messageOf } from '../errors.js';
import { unexpectedReply } from '../redis/errors.js';
import { type RedisReader, sendAll } from '../redis/reader.js';
import { checkReply } from '../redis/shapes.js';
import { type ConflictWay, type Decision, type LostCount, decide, isMeter } from './compare.js';
import { nowOf } from './lives.js';
import { type Command, isOfOneKey } from './ask.js';
import { hasFieldLives } from './field-lives.js';
import type { KeyLine } from './line.js';
import { readNamed } from './read-keys.js';
import type { ReadKey } from './read-whole.js';
import { type KeyValue, type RedisText, identityOf, isEmpty } from './value.js';
import {
  CANNOT_EXPIRE_FIELDS,
  adjustmentOf,
  expiryOf,
  isSameLife,
  livingOf,
} from './write-field-lives.js';

/** What became of a key. */
export interface Outcome {
  key: RedisText;
  decision: Decision;
  /** Whether anything of it was written; in a plan, whether it would be. */
  written: boolean;
  /** Why it could not be read or written; `undefined` if it could. */
  failed: string | undefined;
}

/** How often a key is tried that others change at the same time. */
const MOST_TRIES = 1000;
/** Items of one command. */
const MOST_ITEMS = 1000;

/** What a restore of these whole keys would do. Nothing is written. */
export async function planKeys(
  redis: RedisReader,
  lines: readonly KeyLine[],
  way: ConflictWay,
): Promise<Outcome[]> {
  return (await lookAt(redis, lines, way)).map(({ outcome }) => outcome);
}

/**
 * Restores whole keys, each completely or not at all. The connection must be used by nobody else: keys
 * that others change between the reading and the writing are read again.
 */
export async function writeKeys(
  redis: RedisReader,
  lines: readonly KeyLine[],
  way: ConflictWay,
): Promise<Outcome[]> {
  const tried = await tryKeys(redis, lines, way);
  if (tried !== undefined) return tried;
  if (lines.length > 1) {
    const middle = Math.ceil(lines.length / 2);
    const first = await writeKeys(redis, lines.slice(0, middle), way);
    return [...first, ...(await writeKeys(redis, lines.slice(middle), way))];
  }
  for (let tries = 1; tries < MOST_TRIES; tries++) {
    const again = await tryKeys(redis, lines, way);
    if (again !== undefined) return again;
  }
  return (await lookAt(redis, lines, way)).map(({ outcome }) => {
    return { ...outcome, written: false, failed: 'others changed it each time' };
  });
}

/** Resolves to `undefined` where nothing was written, since others changed one of the keys. */
async function tryKeys(
  redis: RedisReader,
  lines: readonly KeyLine[],
  way: ConflictWay,
): Promise<Outcome[] | undefined> {
  await redis.call('WATCH', ...lines.map(({ key }) => key));
  const looked = await lookAt(redis, lines, way);
  const commands = looked.flatMap((one) => one.commands);
  if (commands.length === 0) {
    await redis.call('UNWATCH');
    return looked.map(({ outcome }) => outcome);
  }
  const done = await transact(redis, commands);
  if (done === 'done') return looked.map(({ outcome }) => outcome);
  if (done === 'changed') return undefined;
  // One key of a page may be refused, and the others be written.
  if (lines.length > 1) return undefined;
  return looked.map(({ outcome }) => ({ ...outcome, written: false, failed: done.refused }));
}

/** Runs the commands in one transaction. `changed`: a watched key was changed, and nothing was done. */
export async function transact(
  redis: RedisReader,
  commands: readonly Command[],
): Promise<'done' | 'changed' | { refused: string }> {
  const sent: unknown[][] = [['call', 'MULTI'], ...commands, ['call', 'EXEC']];
  const replies = await sendAll(redis, sent);
  const errors = replies.flatMap(([error]) => error ?? []);
  const [refused] = errors;
  if (refused !== undefined) {
    // EXEC then says no more than that the transaction is discarded.
    const general = errors.slice(0, errors.length === 1 ? 1 : -1).find((one) => !isOfOneKey(one));
    if (general !== undefined) throw general;
    return { refused: messageOf(refused) };
  }
  const results = replies.at(-1)?.[1];
  checkReply(redis, ['call', 'EXEC'], results);
  if (results === null) return 'changed';
  if ((results as unknown[]).length !== commands.length)
    throw unexpectedReply(redis.server, 'EXEC');
  const failed = (results as unknown[]).find((result) => result instanceof Error);
  if (failed !== undefined) return { refused: messageOf(failed) };
  return 'done';
}

interface Looked {
  outcome: Outcome;
  commands: Command[];
}

async function lookAt(
  redis: RedisReader,
  lines: readonly KeyLine[],
  way: ConflictWay,
): Promise<Looked[]> {
  const nowMs = await nowOf(redis);
  const present = await readNamed(
    redis,
    lines.map(({ key }) => key),
  );
  const looked = lines.map((line, at) => lookAtOne(line, present[at], nowMs, way));
  const some = looked.find(({ commands }) => commands.some(isOfFieldLife));
  if (some === undefined || (await hasFieldLives(redis, some.outcome.key))) return looked;
  return looked.map((one) => {
    if (!one.commands.some(isOfFieldLife)) return one;
    return {
      outcome: { ...one.outcome, written: false, failed: CANNOT_EXPIRE_FIELDS },
      commands: [],
    };
  });
}

function isOfFieldLife([, name]: Command): boolean {
  return name === 'HPEXPIREAT' || name === 'HPERSIST';
}

function lookAtOne(
  line: KeyLine,
  present: ReadKey | undefined,
  nowMs: number,
  way: ConflictWay,
): Looked {
  const { key, expiresAtMs } = line;
  const content = livingOf(line.content, nowMs);
  const nothing = { raises: undefined, lost: [] as LostCount[], action: 'none' as const };
  const looked = (decision: Decision, commands: Command[], failed?: string): Looked => ({
    outcome: { key, decision, written: commands.length > 0, failed },
    commands,
  });
  if (present === undefined || present.kind === 'failed') {
    const why = present?.reason ?? 'it was not read';
    return looked({ standing: 'other', ...nothing }, [], why);
  }
  const isDead = isEmpty(content) || (expiresAtMs !== null && expiresAtMs <= nowMs);
  if (isDead) {
    return looked({ standing: 'expired', ...nothing }, []);
  }
  const there = present.kind === 'whole' ? present.content : undefined;
  const found = decide(key, content, present.kind === 'large' ? 'large' : there, way);
  const nowLife = present.kind === 'whole' ? present.expiresAtMs : undefined;
  const life = lifeFor(line, nowLife, found, way);
  const commands = commandsFor({ ...line, content }, found, life);
  if (there !== undefined) commands.push(...fieldLivesFor(key, content, there, found, way));
  return looked(found, commands);
}

/** As `lifeFor`, of the fields of a hash that is not written as a whole. */
function fieldLivesFor(
  key: RedisText,
  content: KeyValue,
  present: KeyValue,
  { action, raises, standing }: Decision,
  way: ConflictWay,
): Command[] {
  if (action === 'write' || way === 'keep') return [];
  if (way === 'higher' && (!isMeter(key) || standing === 'other')) return [];
  const set = raises?.type === 'hash' ? raises.value.map(([field]) => identityOf(field)) : [];
  const wanted = way === 'replace' ? (own: number | null) => own : laterOf;
  return adjustmentOf(key, content, present, new Set(set), wanted);
}

/** When the key is to expire; `undefined` where that stays as it is. */
function lifeFor(
  { key, expiresAtMs }: KeyLine,
  present: number | null | undefined,
  { action, standing }: Decision,
  way: ConflictWay,
): number | null | undefined {
  if (action === 'write' || present === undefined) {
    return action === 'write' ? expiresAtMs : undefined;
  }
  if (way === 'keep' || (way === 'higher' && (!isMeter(key) || standing === 'other'))) {
    return undefined;
  }
  const wanted = way === 'replace' ? expiresAtMs : laterOf(expiresAtMs, present);
  if (action === 'raise') return wanted;
  return isSameLife(wanted, present) ? undefined : wanted;
}

function laterOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

function commandsFor(
  { key, content }: KeyLine,
  { action, standing, raises }: Decision,
  life: number | null | undefined,
): Command[] {
  const commands: Command[] = [];
  if (action === 'write') {
    if (standing !== 'create') commands.push(['call', 'DEL', key]);
    commands.push(...creationOf(key, content));
    if (life !== undefined && life !== null)
      commands.push(['call', 'PEXPIREAT', key, String(life)]);
    return commands;
  }
  if (action === 'raise' && raises !== undefined) commands.push(...additionOf(key, raises));
  if (life !== undefined) commands.push(lifeCommand(key, life));
  return commands;
}

export function lifeCommand(key: RedisText, life: number | null): Command {
  return life === null ? ['call', 'PERSIST', key] : ['call', 'PEXPIREAT', key, String(life)];
}

/** The commands that make a key which is not there. */
export function creationOf(key: RedisText, content: KeyValue): Command[] {
  if (content.type !== 'stream') return additionOf(key, content);
  const { entries, lastId, groups } = content.value;
  return [
    ...additionOf(key, content),
    // A stream without entries comes into being with a group.
    ...(entries.length > 0
      ? []
      : ([
          ['call', 'XGROUP', 'CREATE', key, 'mangamotion', '0', 'MKSTREAM'],
          ['call', 'XGROUP', 'DESTROY', key, 'mangamotion'],
        ] satisfies Command[])),
    ...endOfStream(key, lastId, groups),
  ];
}

/** What is set when all entries are there. */
export function endOfStream(
  key: RedisText,
  lastId: string,
  groups: readonly { name: RedisText; lastId: string }[],
): Command[] {
  return [
    ...(lastId === '0-0' ? [] : ([['call', 'XSETID', key, lastId]] satisfies Command[])),
    ...groups.map((group): Command => ['call', 'XGROUP', 'CREATE', key, group.name, group.lastId]),
  ];
}

/** The commands that add to a key, or make it. Texts are set. */
export function additionOf(
  key: RedisText,
  content: KeyValue | NonNullable<Decision['raises']>,
): Command[] {
  switch (content.type) {
    case 'string':
      return [['call', 'SET', key, content.value]];
    case 'hash':
      return [
        ...inParts(content.value, (some) => ['call', 'HSET', key, ...some.flat()]),
        ...('lives' in content ? expiryOf(key, content.lives ?? []) : []),
      ];
    case 'list':
      return inParts(content.value, (some) => ['call', 'RPUSH', key, ...some]);
    case 'set':
      return inParts(content.value, (some) => ['call', 'SADD', key, ...some]);
    case 'zset':
      return inParts(content.value, (some) => {
        return ['call', 'ZADD', key, ...some.flatMap(([member, score]) => [score, member])];
      });
    case 'stream':
      return content.value.entries.map(([id, fields]) => [
        'call',
        'XADD',
        key,
        id,
        ...fields.flat(),
      ]);
  }
}

function inParts<Item>(
  items: readonly Item[],
  command: (some: readonly Item[]) => Command,
): Command[] {
  const commands: Command[] = [];
  for (let from = 0; from < items.length; from += MOST_ITEMS) {
    commands.push(command(items.slice(from, from + MOST_ITEMS)));
  }
  return commands;
}
