import { MangamotionError, messageOf } from '../errors.js';

/** How messages and hints name a server. */
export interface RedisName {
  /** Its address in words, without the password. */
  text: string;
  /** What the user calls the setting that has the address. */
  setting: string;
}

/**
 * What went wrong with Redis, for users. Anything that is not a failure of Redis or of the way to it
 * comes back as it is. The cause is kept without the command that failed: it may be a password.
 */
export function translateRedisError(error: unknown, server: RedisName): unknown {
  if (!(error instanceof Error) || error instanceof MangamotionError) return error;
  return translateError(whyNotBegun(error) ?? error, server);
}

function translateError(error: Error, server: RedisName): Error {
  const cause = withoutCommand(error);
  const { message } = cause;
  const [word = ''] = message.split(' ');
  const refusal = Object.hasOwn(REFUSALS, word) ? REFUSALS[word] : undefined;
  if (refusal !== undefined) {
    return new MangamotionError(refusal.code, refusal.what(server.text, message), {
      hint: refusal.hint(server.setting),
      cause,
    });
  }
  if (isConnectionError(error)) {
    return new MangamotionError(
      'unreachable',
      `cannot reach Redis at ${server.text}: ${reasonOf(error)}`,
      {
        hint: `check ${server.setting}, and that the server runs and can be reached from here`,
        cause,
      },
    );
  }
  if (error.name === 'ReplyError') {
    return new MangamotionError('unreachable', `Redis at ${server.text} refuses: ${message}`, {
      cause,
    });
  }
  return error;
}

/**
 * Returns why a transaction was not begun: its own error (EXECABORT) does not tell. Where the connection
 * was lost, the library lists the error itself among the earlier ones.
 */
function whyNotBegun(error: Error): Error | undefined {
  if (!error.message.startsWith('EXECABORT')) return undefined;
  const { previousErrors } = error as { previousErrors?: unknown };
  const first: unknown = Array.isArray(previousErrors) ? previousErrors[0] : undefined;
  return first instanceof Error ? first : undefined;
}

/** Whether a command met a key that holds something else than a hash. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

/** Whether the server has answered that it did not do it: no doubt is left, as after a cut. */
export function isRefusedByServer(error: unknown): boolean {
  const cause = error instanceof MangamotionError ? error.cause : error;
  return cause instanceof Error && cause.name === 'ReplyError';
}

/** Whether a server has refused a command because it is a node of a cluster. */
export function isClusterRefusal(error: unknown): boolean {
  if (!isRefusedByServer(error)) return false;
  const [word = ''] = messageOf(error instanceof MangamotionError ? error.cause : error).split(' ');
  return Object.hasOwn(REFUSALS, word) && REFUSALS[word] === cluster;
}

interface Refusal {
  code: 'access_denied' | 'unreachable';
  what: (server: string, message: string) => string;
  hint: (setting: string) => string;
}

const login: Refusal = {
  code: 'access_denied',
  what: (server) => `Redis at ${server} refuses the user or the password`,
  hint: (setting) => `check the user and the password in ${setting}`,
};

/** How a node of a cluster answers a command on keys that are not its own. */
const cluster: Refusal = {
  code: 'unreachable',
  what: (server) => `Redis at ${server} is part of a cluster, which is not supported`,
  hint: (setting) =>
    `a node of a cluster has only a part of the keys: point ${setting} at a Redis that has all of them`,
};

/** The refusals by the first word of the reply. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  WRONGPASS: login,
  NOAUTH: {
    ...login,
    what: (server) => `Redis at ${server} wants a password`,
    hint: (setting) => `put it into ${setting}: redis://user:password@host:port/db`,
  },
  NOPERM: {
    code: 'access_denied',
    what: (server, message) => `Redis at ${server} does not permit it: ${withoutWord(message)}`,
    hint: () => 'reading needs a user with the rights +@read +@connection on the keys it reads',
  },
  LOADING: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} is still loading its data`,
    hint: () => 'wait until it has read them, then run the command again',
  },
  READONLY: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} is a replica, which takes no writes`,
    hint: (setting) => `point ${setting} at the master; redis-sentinel:// finds it`,
  },
  MASTERDOWN: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} is a replica that has lost its master`,
    hint: (setting) => `point ${setting} at the master, or run the command again when it is back`,
  },
  OOM: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} has no memory left, and takes no writes`,
    hint: () => 'raise maxmemory, or move what is not of the backend into another Redis',
  },
  MISCONF: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} cannot save to its disk, and takes no writes`,
    hint: () => 'look at the log of the server: its disk is full, or may not be written',
  },
  BUSY: {
    code: 'unreachable',
    what: (server) => `Redis at ${server} is busy with a script`,
    hint: () => 'run the command again when the script has ended',
  },
  MOVED: cluster,
  ASK: cluster,
  TRYAGAIN: cluster,
  CROSSSLOT: cluster,
  CLUSTERDOWN: cluster,
};

/** How a server is named of which nothing is known. */
export function namesOf(server: RedisName | undefined): RedisName {
  return server ?? { text: 'the given connection', setting: 'it' };
}

/** The error for an answer that is not of the form that Redis gives: nothing of it can be believed. */
export function unexpectedReply(server: RedisName | undefined, command: string): MangamotionError {
  const { text, setting } = namesOf(server);
  return new MangamotionError(
    'unreachable',
    `Redis at ${text} answers ${command} with something that is no answer to it`,
    { hint: `if ${setting} names a proxy, name the Redis behind it` },
  );
}

/** The error for a server that says that it is part of a cluster. */
export function clusterRefusal(server: RedisName | undefined): MangamotionError {
  const { text, setting } = namesOf(server);
  return new MangamotionError(cluster.code, cluster.what(text, ''), {
    hint: cluster.hint(setting),
  });
}

function withoutWord(message: string): string {
  return message.slice(message.indexOf(' ') + 1);
}

function isConnectionError(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string') return true;
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    error.name === 'AbortError' ||
    /Connection is closed|All sentinels are unreachable|Command timed out|Stream isn't writeable/.test(
      error.message,
    )
  );
}

function reasonOf(error: Error): string {
  if (error instanceof AggregateError) {
    // Node's happy eyeballs: one error for each address of the name.
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  }
  return error.message === '' ? 'no answer' : error.message.replace(/\.$/, '');
}

function withoutCommand(error: Error): Error {
  const plain = new Error(withoutArguments(error.message));
  plain.name = error.name;
  plain.stack = withoutArguments(error.stack ?? '');
  return plain;
}

/** Redis repeats the arguments of a command that it does not know: of a renamed AUTH the password. */
function withoutArguments(text: string): string {
  return text.replace(/, with args beginning with:.*/g, '');
}
