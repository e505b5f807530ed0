import { once } from 'node:events';
import http from 'node:http';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import type { Endpoint, ProbeSource } from '../../../src/schedule/notify/endpoint.js';
import { openEndpoint } from '../../../src/schedule/notify/endpoint.js';
import type { ListenAddress } from '../../../src/schedule/notify/listen.js';

const open: Endpoint[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()));
});

async function opened(given: Partial<ProbeSource & ListenAddress> = {}): Promise<Endpoint> {
  const { host, port } = { host: '127.0.0.1', port: 0, ...given };
  const probes = {
    metrics: () => Promise.resolve('up 1\n'),
    health: () => ({ ok: true }),
    ready: () => ({ ok: true }),
    ...given,
  };
  const endpoint = await openEndpoint({ host, port }, probes);
  open.push(endpoint);
  return endpoint;
}

async function ask({ port }: Endpoint, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A connection that sends just this. */
async function raw({ port }: Endpoint, text = ''): Promise<Socket & { received: () => string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return Object.assign(socket, { received: () => received });
}

async function failureOf(opening: Promise<Endpoint>): Promise<MangamotionError> {
  const error: unknown = await opening.catch((thrown: unknown) => thrown);
  if (!(error instanceof MangamotionError)) throw new Error(`no such error: ${String(error)}`);
  return error;
}

describe('the endpoint', () => {
  it('answers probes with ok, or with the reason', async () => {
    let health: { ok: boolean; reason?: string } = { ok: true };
    const endpoint = await opened({
      health: () => health,
      ready: () => ({ ok: false, reason: 'the file has mistakes' }),
    });
    expect(await ask(endpoint, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    health = { ok: false, reason: 'the state cannot be saved' };
    const unhealthy = await ask(endpoint, '/healthz?verbose');
    expect(unhealthy).toMatchObject({ status: 503, text: 'the state cannot be saved\n' });
    expect(unhealthy.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const unready = await ask(endpoint, '/readyz');
    expect(unready).toMatchObject({ status: 503, text: 'the file has mistakes\n' });
  });

  it('serves the metrics with the type that Prometheus asks for', async () => {
    const endpoint = await opened();
    const { status, text, headers } = await ask(endpoint, '/metrics');
    expect({ status, text }).toEqual({ status: 200, text: 'up 1\n' });
    expect(headers.get('content-type')).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says at its root what there is', async () => {
    const { status, text } = await ask(await opened(), '/');
    expect(status).toBe(200);
    for (const path of ['/healthz', '/readyz', '/metrics']) expect(text).toContain(path);
  });

  it('answers HEAD as GET, without the body', async () => {
    const endpoint = await opened();
    const head = await ask(endpoint, '/metrics', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers.get('content-length')).toBe('5');
  });

  it('knows no other path and no other method', async () => {
    const endpoint = await opened();
    for (const path of ['/metrics/', '/healthz/..%2f', '/favicon.ico', '/METRICS', '//metrics']) {
      expect((await ask(endpoint, path)).status, path).toBe(404);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await ask(endpoint, '/metrics', { method });
      expect({ method, status, allow: headers.get('allow') }).toEqual({
        ...{ method, status: 405, allow: 'GET, HEAD' },
      });
    }
    expect((await ask(endpoint, '/other', { method: 'POST' })).status).toBe(404);
  });

  it('answers a request that names the whole URL, and does not fall over nonsense', async () => {
    const endpoint = await opened();
    const whole = await raw(
      endpoint,
      'GET http://h:1/healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n',
    );
    await once(whole, 'close');
    expect(whole.received()).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok\n$/);
    for (const text of [
      '\x16\x03\x01\x02\x00',
      'GET\r\n\r\n',
      `GET / HTTP/1.1\r\na: ${'x'.repeat(1e5)}`,
    ]) {
      const socket = await raw(endpoint, text);
      await once(socket, 'close');
      expect(socket.received()).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect((await ask(endpoint, '/healthz')).status).toBe(200);
  });

  it('outlives metrics and checks that fail', async () => {
    const fail = (): never => {
      throw new Error('secret detail');
    };
    const endpoint = await opened({
      metrics: () => Promise.reject(new Error('secret detail')),
      health: fail,
    });
    for (const path of ['/metrics', '/healthz']) {
      const { status, text } = await ask(endpoint, path);
      expect(status).toBe(500);
      expect(text).not.toContain('secret');
    }
    expect((await ask(endpoint, '/readyz')).status).toBe(200);
  });

  it('does not listen to the body of who may not send one', async () => {
    const endpoint = await opened();
    const socket = await raw(
      endpoint,
      'POST /metrics HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000000\r\n\r\n',
    );
    socket.write('x'.repeat(1000));
    await once(socket, 'close');
    expect(socket.received()).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('ends a connection whose request does not come', async () => {
    const endpoint = await opened();
    const silent = await raw(endpoint);
    const slow = await raw(endpoint, 'GET /metrics HTTP/1.1\r\nhost:');
    await Promise.all([once(silent, 'close'), once(slow, 'close')]);
    expect(slow.received()).toMatch(/^(HTTP\/1\.1 408 [^]*)?$/);
  });

  it('answers probes while half-open connections are held, and keeps no more than so many', async () => {
    const endpoint = await opened();
    const held: Awaited<ReturnType<typeof raw>>[] = [];
    for (let count = 0; count < 100; count++) {
      held.push(await raw(endpoint, count % 2 === 0 ? '' : 'GET /metrics HTTP/1.1\r\nhost:'));
    }
    for (let count = 0; count < 20; count++) {
      expect((await ask(endpoint, '/healthz')).status).toBe(200);
    }
    await expect.poll(() => held.filter((socket) => socket.closed).length).toBeGreaterThan(35);
    // The oldest had to go.
    expect(held[0]?.closed).toBe(true);
    expect(held.at(-1)?.closed).toBe(false);
  });

  it('ends no connection whose answer is under way for others', async () => {
    let give: (text: string) => void = () => undefined;
    const endpoint = await opened({ metrics: () => new Promise((resolve) => (give = resolve)) });
    const asked = await raw(endpoint, 'GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n');
    await ask(endpoint, '/healthz');
    for (let count = 0; count < 80; count++) await raw(endpoint);
    give('late 1\n');
    await expect.poll(() => asked.received()).toMatch(/\r\n\r\nlate 1\n$/);
  });
});

describe('closing the endpoint', () => {
  it('ends connections that clients keep, and answers that do not come', async () => {
    const endpoint = await opened({ metrics: () => new Promise(() => undefined) });
    const agent = new http.Agent({ keepAlive: true });
    const request = http.get({ port: endpoint.port, host: '127.0.0.1', path: '/healthz', agent });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    await once(response, 'end');
    const stuck = await raw(endpoint, 'GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n');
    const half = await raw(endpoint, 'GET /metrics HT');
    const ended = Promise.all([once(stuck, 'close'), once(half, 'close')]);
    await endpoint.close();
    await ended;
    agent.destroy();
    await expect(ask(endpoint, '/healthz')).rejects.toThrow('fetch failed');
  });

  it('lets an answer that is under way come to its end', async () => {
    let give: (text: string) => void = () => undefined;
    const endpoint = await opened({ metrics: () => new Promise((resolve) => (give = resolve)) });
    const socket = await raw(endpoint, 'GET /metrics HTTP/1.1\r\nhost: h\r\n\r\n');
    await ask(endpoint, '/healthz');
    const closed = endpoint.close();
    give('late 1\n');
    await closed;
    if (!socket.closed) await once(socket, 'close');
    expect(socket.received()).toMatch(/\r\n\r\nlate 1\n$/);
  });

  it('can be asked for twice, and frees the port', async () => {
    const endpoint = await opened();
    await Promise.all([endpoint.close(), endpoint.close()]);
    await endpoint.close();
    const again = await opened({ port: endpoint.port });
    expect(again.port).toBe(endpoint.port);
  });
});

describe('an endpoint that cannot listen', () => {
  it('says that the port is taken', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, message, hint } = await failureOf(opened({ port }));
    expect(code).toBe('usage');
    expect(message).toBe(
      `cannot listen on 127.0.0.1:${port}: another process already listens there`,
    );
    expect(hint).toContain('another port');
    other.close();
  });

  it('says that the address is another machine’s, or nobody’s', async () => {
    const foreign = await failureOf(opened({ host: '192.0.2.1' }));
    expect(foreign.message).toBe('cannot listen on 192.0.2.1:0: this machine has no such address');
    const unknown = await failureOf(opened({ host: 'nowhere.invalid' }));
    expect(unknown.code).toBe('usage');
    expect(unknown.message).toContain('nowhere.invalid:0: this machine has no such address');
  });

  it('listens on every address where none is named', async () => {
    expect((await ask(await opened({ host: undefined }), '/healthz')).status).toBe(200);
  });
});
