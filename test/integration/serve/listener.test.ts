import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { clientGoneSignal } from '../../../src/serve/client-gone.js';
import { ClientGone } from '../../../src/serve/failure.js';
import { listen } from '../../../src/serve/listener.js';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { useServers, type TestServer } from '../../helpers/serve.js';

const { env } = useBillingRedis();
const serve = useServers();

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Resolves to what came until the connection closed. */
async function exchange(socket: Socket, pieces: readonly string[]): Promise<string> {
  for (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return text;
}

const LONG = Array.from({ length: 40 }, () => 'a'.repeat(16 * 1024));
const SESSION = 'GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const CLOSING = SESSION.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const CHUNKED = SESSION.replace('GET /api/session', 'POST /api/login').replace(
  '\r\n\r\n',
  '\r\nTransfer-Encoding: chunked\r\nAuthorization: none\r\n\r\n',
);

/** Sends all before it reads. Node.js itself would read as soon as something is there. */
const BLOCKING_CLIENT = `
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'GET /api/session?x=' + b'a' * 1000000 + b' HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n')
while True:
    some = s.recv(1000)
    if not some:
        break
    sys.stdout.write(some.decode('latin1'))
`;

/** The last answer in the text: what Node.js would have sent by itself has neither words nor headers. */
function expectRefusal(text: string, status: number, server: TestServer): void {
  const [head = '', body = ''] = text.slice(text.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  expect(statusLine).toMatch(new RegExp(`^HTTP/1.1 ${status} \\w`));
  expect(JSON.parse(body)).toEqual({
    error: expect.any(String) as string,
    code: expect.any(String) as string,
  });
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  const id = headers.get('x-request-id');
  const logged = server.lines.filter(({ request_id }) => request_id === id);
  expect(logged).toEqual([
    expect.objectContaining({ level: 'info', status, address: '127.0.0.1' }),
  ]);
  expect(JSON.stringify(server.lines)).not.toContain(SECRET);
}

const SECRET = 'Zm9vOmJhcg';

describe('a request that cannot be read', () => {
  it('is 431 for a long address, also for a client that reads when it has sent all', async () => {
    const server = await serve([], env());
    const args = ['-c', BLOCKING_CLIENT, String(server.port)];
    const { stdout } = await promisify(execFile)('python3', args);
    expectRefusal(stdout, 431, server);
  });

  it('is 431 on a connection that had another answer before', async () => {
    const server = await serve([], env());
    const socket = await connected(server.port);
    socket.write(SESSION);
    await once(socket, 'readable');
    const text = await exchange(socket, ['GET / HTTP/1.1\r\nx: ', ...LONG]);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expectRefusal(text, 431, server);
  });

  it.each([
    ['no request', 400, `hello ${SECRET}\r\n\r\n`],
    ['one without a host', 400, 'GET /api/session HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['an old one without a host', 400, 'GET /api/session HTTP/1.0\r\n\r\n'],
    ['one with two hosts', 400, CLOSING.replace('\r\n', '\r\nHost: 127.0.0.1\r\n')],
    ['one with no address', 400, CLOSING.replace('/api/session', '*')],
    ['one to another host', 403, CLOSING.replace('/api', `http://u:${SECRET}@evil.example/api`)],
    ['one that is too long', 431, `GET /?${'x'.repeat(20_000)}`],
    ['a chunk with long extensions', 413, `${CHUNKED}1;${'x'.repeat(20_000)}\r\n`],
    ['another expectation', 417, CLOSING.replace('\r\n', `\r\nExpect: ${SECRET}\r\n`)],
    ['a tunnel', 405, `CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n`],
    ['one that ends too early', 400, `GET /api/session?${SECRET}`],
  ])('is an error document: %s', async (_what, status, sent) => {
    const server = await serve([], env());
    const socket = await connected(server.port);
    const answered = exchange(socket, [sent]);
    if (status === 400) socket.end();
    expectRefusal(await answered, status, server);
  });

  it('is not answered into the answer of another', async () => {
    const { port } = await serve([], env());
    const socket = await connected(port);
    socket.write('GET /api/jobs/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(socket, 'readable');
    expect(await exchange(socket, ['hello\r\n\r\n'])).not.toContain(' 400 ');
  });
});

describe('a client that is slow', () => {
  const closes: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closes.splice(0)) await close();
  });
  const GET = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const POST = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n';

  /** Answers when the body has come, and `answerMs` later. */
  async function listener(answerMs = 0): Promise<{ socket: Socket; requests: string[] }> {
    const requests: string[] = [];
    const { port, close } = await listen(
      {
        ...{ host: '127.0.0.1', port: 0, tls: undefined, maxClients: 10 },
        deadlines: { headersMs: 200, bodyMs: 200 },
      },
      {
        onRequest: (request, response) => {
          requests.push(request.url ?? '');
          request.resume().once('end', () => setTimeout(() => response.end('well'), answerMs));
        },
        refuse: ({ status }) => `HTTP/1.1 ${status} Refused\r\n\r\n`,
      },
    );
    closes.push(() => close(0));
    return { socket: await connected(port), requests };
  }

  it('is 408 if the headers do not come, and what it sends later is no request', async () => {
    const { socket, requests } = await listener();
    const answered = exchange(socket, ['GET / HTTP/1.1\r\nHost: 127']);
    await once(socket, 'readable');
    socket.write('.0.0.1\r\n\r\n');
    expect(await answered).toBe('HTTP/1.1 408 Refused\r\n\r\n');
    expect(requests).toEqual([]);
  });

  it('is 408 in its second request too', async () => {
    const { socket } = await listener();
    socket.write(GET);
    await once(socket, 'readable');
    const text = await exchange(socket, ['GET / HT']);
    expect(text).toMatch(/^HTTP\/1.1 200 OK/);
    expect(text).toMatch(/wellHTTP\/1.1 408 Refused/);
  });

  it('is 408 if a body does not come', async () => {
    const { socket, requests } = await listener();
    expect(await exchange(socket, [POST, 'some'])).toMatch(/^HTTP\/1.1 408 Refused/);
    expect(requests).toEqual(['/']);
  });

  it('is cut without a word if it has said nothing', async () => {
    const { socket } = await listener();
    expect(await exchange(socket, [])).toBe('');
  });

  it('may wait for an answer for longer', async () => {
    const { socket } = await listener(1000);
    expect(await exchange(socket, [POST, 'whole'])).toMatch(/^HTTP\/1.1 200 OK/);
  });
});

const MIB = 1024 * 1024;

describe('the end of a listener', () => {
  const start = (onRequest: http.RequestListener) =>
    listen(
      { host: '127.0.0.1', port: 0, tls: undefined, maxClients: 10 },
      { onRequest, refuse: () => '' },
    );
  /** Much more than the system takes for a client that does not read. */
  const large: http.RequestListener = (_request, response) => response.end(Buffer.alloc(64 * MIB));
  const ask = (port: number): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port, agent: false }, resolve).on('error', reject);
    });

  it('lets a client that reads slowly have its whole answer', async () => {
    const listener = await start(large);
    const answer = await ask(listener.port);
    const closed = listener.close(60_000);
    expect(await buffer(answer)).toHaveLength(64 * MIB);
    expect(await closed).toBe(0);
  });

  it('lets a client that sent several requests have all answers', async () => {
    const listener = await start((_request, response) =>
      setTimeout(() => response.end('well'), 100),
    );
    const socket = await connected(listener.port);
    const text = exchange(socket, [SESSION.repeat(3)]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await listener.close(60_000)).toBe(0);
    expect((await text).match(/well/g)).toHaveLength(3);
  });

  it('cuts those that do not read when the grace is over, and counts them', async () => {
    const listener = await start(large);
    const answers = [await ask(listener.port), await ask(listener.port)];
    for (const answer of answers) answer.on('error', () => undefined);
    expect(await listener.close(50)).toBe(2);
  });

  it('does not wait for connections without a request', async () => {
    const listener = await start((_request, response) => response.end());
    const silent = await connected(listener.port);
    const used = await connected(listener.port);
    used.write(SESSION);
    await once(used, 'readable');
    expect(await listener.close(3_600_000)).toBe(0);
    silent.destroy();
    used.destroy();
  });

  it('ends a connection after the answer that was under way', async () => {
    let answer: () => void = () => undefined;
    const asked = new EventEmitter();
    const listener = await start((_request, response) => {
      answer = () => response.end('the end');
      asked.emit('one');
    });
    const socket = await connected(listener.port);
    const isAsked = once(asked, 'one');
    const answered = exchange(socket, [SESSION]);
    await isAsked;
    const closed = listener.close(3_600_000);
    answer();
    expect(await closed).toBe(0);
    expect(await answered).toMatch(/connection: close[^]*the end/i);
  });
});

describe('a connection', () => {
  const start = (onRequest: http.RequestListener) =>
    listen(
      { host: '127.0.0.1', port: 0, tls: undefined, maxClients: 10 },
      { onRequest, refuse: () => 'refused' },
    );

  it('that asks for very much at once is cut', async () => {
    let asked = 0;
    const listener = await start(() => (asked += 1));
    const socket = await connected(listener.port);
    socket.on('error', () => undefined);
    const isClosed = once(socket, 'close');
    socket.resume().write(SESSION.repeat(1000));
    await isClosed;
    expect(asked).toBe(16);
    expect(await listener.close(0)).toBe(0);
  });

  it('has no second answer to a request whose rest cannot be read', async () => {
    const listener = await start((_request, response) => response.end('the answer'));
    const socket = await connected(listener.port);
    socket.write(CHUNKED);
    await once(socket, 'readable');
    const text = await exchange(socket, ['no chunk\r\n']);
    expect(text).toContain('the answer');
    expect(text).not.toContain('refused');
    expect(await listener.close(0)).toBe(0);
  });
});

describe('the signal of a client', () => {
  it('is aborted also where its answer waits behind another', async () => {
    const signals: AbortSignal[] = [];
    const asked = new EventEmitter();
    const listener = await listen(
      { host: '127.0.0.1', port: 0, tls: undefined, maxClients: 10 },
      {
        onRequest: (request) => {
          signals.push(clientGoneSignal(new AbortController().signal, request));
          if (signals.length === 3) asked.emit('all');
        },
        refuse: () => '',
      },
    );
    const socket = await connected(listener.port);
    const all = once(asked, 'all');
    socket.write(SESSION.repeat(3));
    await all;
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
    socket.destroy();
    for (const signal of signals) if (!signal.aborted) await once(signal, 'abort');
    expect(signals[2]?.reason).toBeInstanceOf(ClientGone);
    expect(await listener.close(0)).toBe(0);
  });
});
