import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/config/secret.js';
import type { PingOptions } from '../../../src/schedule/notify/pings.js';
import { Pings } from '../../../src/schedule/notify/pings.js';
import { freePort } from '../../helpers/child-processes.js';
import { keepingLog } from '../../unit/schedule/notify/kept-log.js';
import type { Listener } from './listener.js';
import { startListener } from './listener.js';

const RUN = '7c1e4a52-8a44-4c6b-9a51-0d6a3c1c0001';
const OTHER = '7c1e4a52-8a44-4c6b-9a51-0d6a3c1c0002';
/** Longer than any of these tests may take. */
const PATIENT_MS = 60_000;

let listener: Listener;
let kept: ReturnType<typeof keepingLog>;

beforeEach(async () => {
  listener = await startListener();
  kept = keepingLog();
});
afterEach(() => listener.close());

function pingsTo(path: string, given: Partial<PingOptions> = {}) {
  const url = new Secret(path.includes('://') ? path : listener.url + path);
  const timing = { timeoutMs: PATIENT_MS, pausesMs: [1, 1] };
  return new Pings({ url, log: kept.log, timing, ...given });
}

const paths = () => listener.received.map(({ path }) => path);

describe('pings', () => {
  it('tell of a start and of an end with its exit code, each with the run', async () => {
    const pings = pingsTo('/5f2c');
    pings.start('daily', RUN);
    pings.end('daily', 0, RUN);
    pings.start('daily', OTHER);
    pings.end('daily', 130, OTHER);
    await pings.idle(PATIENT_MS);
    expect(paths()).toEqual([
      `/5f2c/start?rid=${RUN}`,
      `/5f2c/0?rid=${RUN}`,
      `/5f2c/start?rid=${OTHER}`,
      `/5f2c/130?rid=${OTHER}`,
    ]);
    expect(new Set(listener.received.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(kept.told).toEqual([]);
  });

  it.each([
    [null, 'fail'],
    [255, '255'],
    [256, 'fail'],
    [-1, 'fail'],
  ])('of an exit code of %s end in /%s', async (exitCode, ending) => {
    const pings = pingsTo('/5f2c/');
    pings.end('daily', exitCode, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toEqual([`/5f2c/${ending}?rid=${RUN}`]);
  });

  it('name the entry where the URL has a place for it, and keep its query as it is', async () => {
    const pings = pingsTo('/key/app-{name}?create=1&tag=%20{name}');
    pings.end('a/b c?', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toEqual([`/key/app-a%2Fb%20c%3F/0?create=1&tag=%20a%2Fb%20c%3F&rid=${RUN}`]);
  });

  it('log in where the URL has a user and a password', async () => {
    const pings = pingsTo(listener.url.replace('://', '://me:p%40ss@') + '/5f2c');
    pings.start('daily', RUN);
    await pings.idle(PATIENT_MS);
    const [request] = listener.received;
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    );
    expect(kept.told).toEqual([]);
  });
});

describe('a ping that fails', () => {
  it.each(['break', 503] as const)('is tried three times (%s), and told once', async (reaction) => {
    listener.react(() => reaction);
    const pings = pingsTo('/very-secret?key=very-secret');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(3);
    expect(kept.told).toMatchObject([
      {
        level: 'warn',
        fields: { entry: 'daily', run: RUN, ping: '0', to: listener.url },
        message: expect.stringMatching(/^a ping did not arrive: /) as string,
      },
    ]);
    expect(JSON.stringify(kept.told)).not.toContain('very-secret');
  });

  it('is not told where another attempt gets through', async () => {
    listener.react((_request, index) => (index < 2 ? 500 : 200));
    const pings = pingsTo('/5f2c');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(3);
    expect(kept.told).toEqual([]);
  });

  it('is not tried again where the service refuses it', async () => {
    listener.react(() => 404);
    const pings = pingsTo('/5f2c');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(1);
    expect(kept.told.map(({ message }) => message)).toEqual([
      'a ping did not arrive: the answer was 404',
    ]);
  });

  it('says why, where nothing listens and where nothing answers', async () => {
    const gone = pingsTo(`http://127.0.0.1:${await freePort()}/very-secret`);
    gone.end('daily', 0, RUN);
    await gone.idle(PATIENT_MS);
    listener.react(() => 'hang');
    const mute = pingsTo('/very-secret', { timing: { timeoutMs: 20, pausesMs: [1] } });
    mute.end('daily', 0, RUN);
    await mute.idle(PATIENT_MS);
    expect(kept.told.map(({ message }) => message)).toEqual([
      'a ping did not arrive: the request failed (ECONNREFUSED)',
      'a ping did not arrive: no answer within 0.02 s',
    ]);
  });

  it('is told also where the name makes no URL of it', async () => {
    const pings = pingsTo('http://{name}.invalid/very-secret');
    pings.start('a b', RUN);
    await pings.idle(PATIENT_MS);
    expect(kept.told.map(({ message }) => message)).toEqual([
      'a ping was not sent: its URL is not valid',
    ]);
  });
});

describe('a ping that is redirected', () => {
  const to = (location: string) => (request: { path: string }) =>
    request.path.startsWith('/5f2c') ? { status: 302, location } : 200;

  it('arrives within its origin, with its login', async () => {
    listener.react(to('/other/place'));
    const pings = pingsTo(listener.url.replace('://', '://me:secret@') + '/5f2c');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toEqual([`/5f2c/0?rid=${RUN}`, '/other/place']);
    expect(listener.received[1]?.headers.authorization).toMatch(/^Basic /);
    expect(kept.told).toEqual([]);
  });

  it.each(['port', 'scheme', 'host'])('goes to no other origin (%s)', async (other) => {
    const elsewhere = await startListener();
    const location = {
      port: `${elsewhere.url}/very-secret`,
      scheme: `${listener.url.replace('http:', 'https:')}/very-secret`,
      host: `${listener.url.replace('127.0.0.1', 'localhost')}/very-secret`,
    }[other];
    listener.react(to(location ?? ''));
    const pings = pingsTo('/5f2c');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(1);
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
    expect(kept.told.map(({ message }) => message)).toEqual([
      `a ping did not arrive: it is redirected to another origin, ${new URL(location ?? '').origin}, which is not followed`,
    ]);
  });

  it('in a circle is given up', async () => {
    listener.react(() => ({ status: 302, location: '/5f2c/again' }));
    const pings = pingsTo('/5f2c');
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(6);
    expect(kept.told.map(({ message }) => message)).toEqual([
      'a ping did not arrive: the answer was 302',
    ]);
  });
});

describe('the order of pings', () => {
  it('is kept while a start is slow, and a start is given up for its end', async () => {
    listener.react(({ path }) => (path.includes('/start') ? 503 : 200));
    const pings = pingsTo('/5f2c');
    pings.start('daily', RUN);
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toEqual([`/5f2c/start?rid=${RUN}`, `/5f2c/0?rid=${RUN}`]);
    expect(kept.told).toHaveLength(1);
  });

  it('of one entry holds up no other', async () => {
    listener.react(({ path }) => (path.includes('/slow/') ? 'hang' : 200));
    const pings = pingsTo('/{name}');
    pings.start('slow', RUN);
    pings.start('quick', OTHER);
    pings.end('quick', 0, OTHER);
    await expect.poll(paths).toContain(`/quick/0?rid=${OTHER}`);
    await pings.idle(1);
  });

  it('is of so many, and what is beyond is told', async () => {
    listener.react(() => 'hang');
    const pings = pingsTo('/5f2c');
    for (let index = 0; index < 103; index++) pings.end('daily', 0, RUN);
    expect(kept.told.map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => 'a ping was not sent: 100 others are under way'),
    );
    await pings.idle(1);
  });
});

describe('the end of the daemon', () => {
  it('waits for pings that are under way, also those that come meanwhile', async () => {
    let late: (() => void) | undefined = () => pings.end('daily', 0, RUN);
    listener.react(() => {
      late?.();
      late = undefined;
      return 200;
    });
    const pings = pingsTo('/5f2c');
    pings.start('daily', RUN);
    await pings.idle(PATIENT_MS);
    expect(paths()).toHaveLength(2);
  });

  it('does not wait longer than it is told, and says what was given up', async () => {
    listener.react(() => 'hang');
    const pings = pingsTo('/5f2c');
    pings.start('daily', RUN);
    pings.end('daily', 0, RUN);
    await pings.idle(50);
    expect(kept.told.map(({ message }) => message)).toEqual([
      'a ping did not arrive: there was no time for it',
      'a ping did not arrive: there was no time for it',
    ]);
  });

  it('waits for nothing where nothing is under way', async () => {
    await pingsTo('/5f2c').idle(0);
    expect(paths()).toEqual([]);
  });

  it('lets pings be sent again after it', async () => {
    const pings = pingsTo('/5f2c');
    listener.react(() => 'hang');
    pings.start('daily', RUN);
    await pings.idle(1);
    listener.react(() => 200);
    pings.end('daily', 0, RUN);
    await pings.idle(PATIENT_MS);
    expect(paths().at(-1)).toBe(`/5f2c/0?rid=${RUN}`);
    expect(kept.told).toHaveLength(1);
  });
});
