import { connect } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors.js';
import { MangamotionError } from '../../../src/errors.js';
import { isWrongType, translateRedisError } from '../../../src/redis/errors.js';
import { freePort } from '../../helpers/child-processes.js';

/** As ioredis makes it of a reply: the command that failed is in it, a password perhaps. */
function replyError(message: string): Error {
  const command = { name: 'auth', args: ['someone', 'hunter22'] };
  return Object.assign(new Error(message), { name: 'ReplyError', command });
}

function translated(error: unknown): MangamotionError {
  const result = translateRedisError(error, { text: 'h:6379', setting: 'REDIS_URL' });
  if (!(result instanceof MangamotionError)) throw new Error(`not ours: ${inspect(result)}`);
  return result;
}

describe('a reply', () => {
  it('to a command of a transaction tells more than that of the transaction', () => {
    const aborted = replyError('EXECABORT Transaction discarded because of previous errors.');
    const previousErrors = [replyError('OOM command not allowed when used memory > maxmemory')];
    const error = translated(Object.assign(aborted, { previousErrors }));
    expect(error.message).toBe('Redis at h:6379 has no memory left, and takes no writes');
  });

  it('to a transaction whose connection was lost is that of each of its commands', () => {
    const lost: Error & { previousErrors?: Error[] } = new Error('Connection is closed.');
    lost.previousErrors = [lost, lost];
    const error = translated(lost);
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toBe('cannot reach Redis at h:6379: Connection is closed');
  });

  it.each<[string, ErrorCode, string]>([
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'access_denied',
      'Redis at h:6379 refuses the user or the password',
    ],
    ['NOAUTH Authentication required.', 'access_denied', 'Redis at h:6379 wants a password'],
    [
      "NOPERM User u has no permissions to run the 'set' command",
      'access_denied',
      "Redis at h:6379 does not permit it: User u has no permissions to run the 'set' command",
    ],
    [
      'LOADING Redis is loading the dataset in memory',
      'unreachable',
      'Redis at h:6379 is still loading its data',
    ],
    [
      "READONLY You can't write against a read only replica.",
      'unreachable',
      'Redis at h:6379 is a replica, which takes no writes',
    ],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'unreachable',
      'Redis at h:6379 is a replica that has lost its master',
    ],
    [
      "OOM command not allowed when used memory > 'maxmemory'.",
      'unreachable',
      'Redis at h:6379 has no memory left, and takes no writes',
    ],
    [
      'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.',
      'unreachable',
      'Redis at h:6379 cannot save to its disk, and takes no writes',
    ],
    [
      'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
      'unreachable',
      'Redis at h:6379 is busy with a script',
    ],
    ...[
      'MOVED 3999 127.0.0.1:6381',
      'ASK 3999 127.0.0.1:6381',
      'TRYAGAIN Multiple keys request during rehashing of slot',
      "CROSSSLOT Keys in request don't hash to the same slot",
      'CLUSTERDOWN The cluster is down',
    ].map((reply): [string, ErrorCode, string] => [
      ...([reply, 'unreachable'] as const),
      'Redis at h:6379 is part of a cluster, which is not supported',
    ]),
  ])('%s is %s, with what to do', (reply, code, message) => {
    const error = translated(replyError(reply));
    expect(error).toMatchObject({ code, message });
    expect(error.hint).toMatch(/^[a-z].{20,}[^.]$/);
  });

  it.each([
    'ERR DB index is out of range',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSYGROUP x',
    'OOMX',
  ])('of another kind is unreachable, and told as it is: %s', (reply) => {
    const error = translated(replyError(reply));
    expect(error).toMatchObject({
      code: 'unreachable',
      message: `Redis at h:6379 refuses: ${reply}`,
    });
  });

  it.each(['OOM x', 'MOVED 1 h:1'])('leads to no advice to evict counters: %s', (reply) => {
    expect(translated(replyError(reply)).hint).not.toMatch(/evict/i);
  });

  it('is taken by its first word alone', () => {
    expect(translated(replyError('ERR NOAUTH LOADING')).message).toContain('refuses: ERR');
  });
});

describe('a connection error', () => {
  it.each([
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    Object.assign(new Error('getaddrinfo ENOTFOUND h'), { code: 'ENOTFOUND' }),
    Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }),
    Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    Object.assign(new Error('Reached the max retries per request limit'), {
      name: 'MaxRetriesPerRequestError',
    }),
    Object.assign(new Error('Command aborted due to connection close'), { name: 'AbortError' }),
    new Error('Connection is closed.'),
    new Error('All sentinels are unreachable. Retrying from scratch after 10ms.'),
    new Error('Command timed out'),
    new Error("Stream isn't writeable and enableOfflineQueue options is false"),
  ])('is unreachable: %s', (error) => {
    const { code, message, hint } = translated(error);
    expect(code).toBe('unreachable');
    expect(message).toBe(`cannot reach Redis at h:6379: ${error.message.replace(/\.$/, '')}`);
    expect(hint).toContain('check REDIS_URL');
  });

  it('of a name with several addresses tells them all', async () => {
    const port = await freePort();
    const error = await new Promise<unknown>((resolve) => {
      connect({ port, host: 'localhost', autoSelectFamily: true }).once('error', resolve);
    });
    expect(translated(error).message).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
    const both = ['connect ECONNREFUSED ::1:1', 'connect ECONNREFUSED 127.0.0.1:1'];
    const several = new AggregateError(both.map((one) => new Error(one)));
    const { message } = translated(Object.assign(several, { code: 'ECONNREFUSED' }));
    expect(message).toBe(`cannot reach Redis at h:6379: ${both.join('; ')}`);
  });

  it('without a word says that there was no answer', () => {
    const silent = Object.assign(new Error(''), { code: 'ECONNRESET' });
    expect(translated(silent).message).toBe('cannot reach Redis at h:6379: no answer');
  });
});

describe('the cause', () => {
  it('is kept, without the command that failed and its arguments', () => {
    for (const reply of ['NOAUTH Authentication required.', 'ERR syntax error', 'LOADING x']) {
      const error = translated(replyError(reply));
      const { cause } = error;
      expect(cause).toMatchObject({ name: 'ReplyError', message: reply });
      expect(cause).not.toHaveProperty('command');
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter22');
    }
  });

  it('does not have them in its text either, as of a renamed AUTH', () => {
    for (const quote of ["'", '`']) {
      const reply = `ERR unknown command ${quote}AUTH${quote}, with args beginning with: ${quote}hunter22${quote} `;
      const error = translated(replyError(reply));
      expect(error.message).toBe(
        `Redis at h:6379 refuses: ERR unknown command ${quote}AUTH${quote}`,
      );
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter22');
    }
  });
});

describe('what is not a failure of Redis', () => {
  it('comes back as it is', () => {
    const bug = new TypeError('x is not a function');
    const ours = new MangamotionError('damaged', 'LOADING is no word of ours');
    for (const thing of [bug, ours, new RangeError('LOADINGX'), 'NOAUTH', undefined, null, 7]) {
      expect(translateRedisError(thing, { text: 'h', setting: 'REDIS_URL' })).toBe(thing);
    }
  });

  it('comes back whatever its first word is, a name that every object has too', () => {
    for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
      const bug = new Error(`${word} is odd`);
      expect(translateRedisError(bug, { text: 'h', setting: 'REDIS_URL' })).toBe(bug);
    }
  });

  it('never makes the translation itself fail', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.string(), (thing, message) => {
        expect(() => translateRedisError(thing, { text: 'h', setting: 'REDIS_URL' })).not.toThrow();
        expect(translated(replyError(message)).code).toMatch(/^(unreachable|access_denied)$/);
      }),
    );
  });
});

describe('a key of a wrong type', () => {
  it('is told by its reply', () => {
    const reply = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(isWrongType(replyError(reply))).toBe(true);
    expect(isWrongType(replyError('ERR WRONGTYPE'))).toBe(false);
    expect(isWrongType(reply)).toBe(false);
  });
});
