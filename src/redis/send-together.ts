import { Command, type Redis } from 'ioredis';

/** The reply to a command, or the error that it ended with, as `exec` of a pipeline of ioredis has them. */
export type Reply = [Error | null, unknown];

/**
 * Sends the commands in one write, as a pipeline of ioredis does, in half of its time: most of that goes
 * into three promises for each command, and into the text of arguments that all commands share. Commands
 * are written as for its pipeline: `['hmget', key, field]`, `['callBuffer', 'HGETALL', key]`. Rejects
 * where a command cannot be sent; errors of single commands are in their replies.
 */
export function sendTogether(redis: Redis, commands: readonly unknown[][]): Promise<Reply[]> {
  return new Promise((resolve) => {
    const replies = new Array<Reply>(commands.length);
    let missing = commands.length;
    if (missing === 0) resolve(replies);
    const arrived = (at: number, reply: Reply): void => {
      if (replies[at] !== undefined) return;
      replies[at] = reply;
      missing -= 1;
      if (missing === 0) resolve(replies);
    };
    const encode = textsOf();
    // All of them first: none is sent if one cannot be.
    const sent = commands.map(
      (command, at) => new TogetherCommand(command, encode, (reply) => arrived(at, reply)),
    );
    const written = new OneWrite(redis, sent.length);
    for (const command of sent) void redis.sendCommand(command, written);
  });
}

/** Takes what the commands write, and passes it on when the last one has written. */
class OneWrite {
  /** So that ioredis hands over what a command writes, and not the socket. */
  readonly isPipeline = true;
  readonly destination: { redis: Redis };
  #parts: Buffer[] = [];
  #text = '';
  #missing: number;

  constructor(redis: Redis, commands: number) {
    this.destination = { redis };
    this.#missing = commands;
  }

  write(part: string | Buffer): void {
    if (typeof part === 'string') {
      this.#text += part;
    } else {
      this.#endText();
      this.#parts.push(part);
    }
    this.#missing -= 1;
    if (this.#missing > 0) return;
    const { stream } = this.destination.redis;
    if (this.#parts.length === 0) stream.write(this.#text);
    else {
      this.#endText();
      stream.write(Buffer.concat(this.#parts));
    }
    this.#text = '';
    this.#parts = [];
  }

  #endText(): void {
    if (this.#text !== '') this.#parts.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

type Encode = (name: string, args: readonly string[]) => string;

/** A command that says its reply without a promise. Encoded when it is made, which throws if it cannot be. */
class TogetherCommand extends Command {
  readonly #encoded: string | Buffer;

  constructor(command: readonly unknown[], encode: Encode, onReply: (reply: Reply) => void) {
    const { name, args, replyEncoding } = partsOf(command);
    const isText = args.every((arg) => typeof arg === 'string');
    super(name, isText ? [] : (args as string[]), { replyEncoding });
    if (isText) {
      this.args = args;
      this.#encoded = encode(name, args);
    } else {
      // Rejected for an argument that is no text either; the next line throws for it.
      this.promise.catch(() => undefined);
      this.#encoded = super.toWritable(NO_SOCKET);
    }
    this.resolve = (result: Buffer) => {
      let reply: Reply;
      try {
        reply = [null, this.transformReply(result)];
      } catch (error) {
        reply = [error as Error, undefined];
      }
      onReply(reply);
    };
    this.reject = (error) => onReply([error, undefined]);
  }

  override toWritable(): string | Buffer {
    return this.#encoded;
  }
}

/** The library takes a socket, and does not use it. */
const NO_SOCKET = {};

const BYTES = 'Buffer';

/** Reads a command as a pipeline of ioredis does: by the name of its method. */
function partsOf([method, ...rest]: readonly unknown[]): {
  name: string;
  args: unknown[];
  replyEncoding: BufferEncoding | null;
} {
  const called = String(method);
  const isBytes = called.endsWith(BYTES);
  const own = isBytes ? called.slice(0, -BYTES.length) : called;
  const replyEncoding = isBytes ? null : 'utf8';
  if (own !== 'call') return { name: own, args: rest, replyEncoding };
  return { name: String(rest[0]), args: rest.slice(1), replyEncoding };
}

/** Encodes commands whose arguments behind the first are mostly those of the command before. */
function textsOf(): Encode {
  let last: readonly string[] = [];
  let lastName = '';
  let head = '';
  let tail = '';
  return (name, args) => {
    if (name !== lastName || !isSameTail(args, last)) {
      head = `*${args.length + 1}\r\n${bulk(name)}`;
      tail = args.slice(1).map(bulk).join('');
      last = args;
      lastName = name;
    }
    const [key] = args;
    return key === undefined ? head : `${head}${bulk(key)}${tail}`;
  };
}

function isSameTail(args: readonly string[], others: readonly string[]): boolean {
  if (args.length !== others.length) return false;
  for (let at = 1; at < args.length; at++) if (args[at] !== others[at]) return false;
  return true;
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
