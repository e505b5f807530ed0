import { isMangamotionError, messageOf } from '../errors.js';
import { isRefusedByServer, isWrongType } from '../redis/errors.js';
import { type RedisReader, sendAll } from '../redis/reader.js';
import { checkReply } from '../redis/shapes.js';

/** A command of a pipeline whose reply nothing transforms. */
export type Command = ['call', ...(string | Buffer | number)[]];

/**
 * Sends the commands together. Resolves to a checked reply for each, or to the error with which the
 * server refused that one command. Rejects where the server cannot be asked at all.
 */
export async function ask(redis: RedisReader, commands: unknown[][]): Promise<unknown[]> {
  const replies = await sendAll(redis, commands);
  return replies.map(([error, reply], at) => {
    if (error === null) {
      checkReply(redis, commands[at] ?? [], reply);
      return reply;
    }
    if (isOfOneKey(error)) return error;
    throw error;
  });
}

/** Refusals that say nothing of other keys: no right to this one, another type, an unknown command. */
export function isOfOneKey(error: unknown): boolean {
  if (isWrongType(error)) return true;
  if (!isRefusedByServer(error)) return false;
  const message = messageOf(isMangamotionError(error) ? error.cause : error);
  return /^(NOPERM|ERR)\b/.test(message);
}

/** A command that the server refused for this key. */
export class Refused extends Error {
  constructor(readonly reply: Error) {
    super(reply.message);
  }
}

/** Rejects with `Refused` for the first that is refused. */
export async function asked(redis: RedisReader, commands: unknown[][]): Promise<unknown[]> {
  const replies = await ask(redis, commands);
  const refused = replies.find((reply) => reply instanceof Error);
  if (refused !== undefined) throw new Refused(refused);
  return replies;
}
