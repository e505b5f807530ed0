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
  ttl: isCount,
  lrange: (reply) => isListOf(reply, isText),
  zrange: (reply) => isListOf(reply, isText),
};

/** Throws `unreachable` for a reply that Redis does not give to this command. */
export function checkReply(
  { server }: { server?: RedisName },
  command: Command,
  reply: unknown,
): void {
  const name = String(command[0]);
  if (SHAPES[name]?.(reply, command) !== false) return;
  throw unexpectedReply(server, name.replace(/Buffer$/, '').toUpperCase());
}

function isCount(reply: unknown): boolean {
  return typeof reply === 'number';
}

function isText(reply: unknown): boolean {
  return typeof reply === 'string';
}

function isTextOrNone(reply: unknown): boolean {
  return reply === null || typeof reply === 'string';
}

function isListOf(reply: unknown, isItem: (item: unknown) => boolean): reply is unknown[] {
  return Array.isArray(reply) && reply.every(isItem);
}
