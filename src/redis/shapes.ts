import { type RedisName, unexpectedReply } from './errors.js';

type Command = readonly unknown[];

/**
 * What Redis answers to each command, unless with an error. A proxy, or something that is no Redis, may
 * answer anything else, which must not be taken for a key that is not there.
 */
const SHAPES: Readonly<Record<string, (reply: unknown, command: Command) => boolean>> = {
  hmget: (reply, command) => isListOf(reply, isTextOrNone) && reply.length === command.length - 2,
  hget: isTextOrNone,
  hgetBuffer: (reply) => reply === null || Buffer.isBuffer(reply),
  zscore: isTextOrNone,
  lpos: (reply) => reply === null || typeof reply === 'number',
  hstrlen: isCount,
  exists: isCount,
  scard: isCount,
  zcard: isCount,
  llen: isCount,
  lindex: isTextOrNone,
  hkeys: (reply) => isListOf(reply, isTextOrBytes),
  ttl: isCount,
  lrange: (reply) => isListOf(reply, isTextOrBytes),
  zrange: (reply, command) =>
    isListOf(reply, isTextOrBytes) && (!isWithScores(command) || reply.length % 2 === 0),
  get: (reply) => reply === null || isTextOrBytes(reply),
  getrange: isTextOrBytes,
  hgetall: isListOfPairs,
  smembers: (reply) => isListOf(reply, isTextOrBytes),
  sismember: isCount,
  hscan: (reply) => isPage(reply) && isListOfPairs(reply[1]),
  sscan: (reply) => isPage(reply),
  zscan: (reply) => isPage(reply) && isListOfPairs(reply[1]),
  xrange: (reply) => isListOf(reply, isStreamEntry),
  xinfo: Array.isArray,
  type: isText,
  time: (reply) => isListOf(reply, (part) => /^\d{1,15}$/.test(String(part))) && reply.length === 2,
  pttl: isCount,
  pexpiretime: isCount,
  memory: (reply) => reply === null || isCount(reply),
  hlen: isCount,
  strlen: isCount,
  xlen: isCount,
  dbsize: isCount,
  exec: (reply) => reply === null || Array.isArray(reply),
};

/** Throws `unreachable` for a reply that Redis does not give to this command. */
export function checkReply(
  { server }: { server?: RedisName },
  command: Command,
  reply: unknown,
): void {
  // `call` and `callBuffer` have the command behind them, and no transformation of its reply.
  const isCall = command[0] === 'call' || command[0] === 'callBuffer';
  const sent = isCall ? command.slice(1) : command;
  const name = String(sent[0]);
  if (SHAPES[isCall ? name.toLowerCase() : name]?.(reply, sent) !== false) return;
  throw unexpectedReply(server, name.replace(/Buffer$/, '').toUpperCase());
}

function isCount(reply: unknown): boolean {
  return typeof reply === 'number';
}

function isText(reply: unknown): boolean {
  return typeof reply === 'string';
}

function isTextOrBytes(reply: unknown): boolean {
  return typeof reply === 'string' || Buffer.isBuffer(reply);
}

function isListOfPairs(reply: unknown): boolean {
  return isListOf(reply, isTextOrBytes) && reply.length % 2 === 0;
}

function isWithScores(command: Command): boolean {
  return String(command.at(-1)).toUpperCase() === 'WITHSCORES';
}

/** A page of HSCAN and the like: the next cursor, and a list. */
function isPage(reply: unknown): reply is [unknown, unknown[]] {
  if (!Array.isArray(reply) || reply.length !== 2) return false;
  const [next, items] = reply as [unknown, unknown];
  return /^\d{1,20}$/.test(String(next)) && isListOf(items, isTextOrBytes);
}

function isStreamEntry(entry: unknown): boolean {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [id, fields] = entry as [unknown, unknown];
  return isTextOrBytes(id) && isListOfPairs(fields);
}

function isTextOrNone(reply: unknown): boolean {
  return reply === null || typeof reply === 'string';
}

function isListOf(reply: unknown, isItem: (item: unknown) => boolean): reply is unknown[] {
  return Array.isArray(reply) && reply.every(isItem);
}
