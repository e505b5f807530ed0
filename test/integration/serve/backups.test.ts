import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { safeParse } from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IndexLine } from '../../../src/archive/index-line.js';
import { appendRecords, putRecord, RECORDS_FOLDER } from '../../../src/drill/records.js';
import { openDestination } from '../../../src/repository/locate.js';
import { ownFolderOf } from '../../../src/schedule/state/own-folder.js';
import {
  destinationsDocument,
  objectsDocument,
  shownDocument,
} from '../../../src/serve/schemas/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { backUp, backUpChanges, contents, temporaryFolder } from '../../helpers/backups.js';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { storeSettings } from '../../helpers/cli.js';
import { drillRecord } from '../../helpers/drill-records.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import { runHere } from '../../helpers/in-process.js';
import { noise, seed } from '../../helpers/seed.js';
import { documentOf, useServers, type TestServer } from '../../helpers/serve.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const MIB = 1024 * 1024;
const ADMIN_TOKEN = 'a'.repeat(40);
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');

const { env: redisEnv } = useBillingRedis();
const serve = useServers();
const store = testStore();
let source: string;
let folder: string;
let remove: () => void;
let full: string;
let incremental: string;

const ODD_KEYS = [
  'plain.txt',
  'a/b/c.txt',
  'a//b',
  '/begins',
  'ends/',
  'with space & = ? # + %2F %ff.txt',
  'ünï/日本語.png',
  'quote"\'\\.txt',
  'dots/../up.txt',
  'dots/./here.txt',
  '..hidden',
];

beforeAll(async () => {
  source = await freshBucket(store);
  ({ folder, remove } = temporaryFolder());
  await seed(store, source, [
    ...ODD_KEYS.map((key) => ({ key, content: Buffer.from(`of ${key}`) })),
    { key: 'page.png', content: Buffer.concat([PNG, noise(300_000, 'page')]) },
    { key: 'large', content: noise(9 * MIB, 'large') },
    { key: 'empty', content: Buffer.alloc(0) },
    ...Array.from({ length: 30 }, (_, i) => ({
      key: `deep/${i % 3}/${i}`,
      content: Buffer.from(String(i)),
    })),
  ]);
  full = (await backUp(store, folder, [source])).id;
  await seed(store, source, [{ key: 'new', content: Buffer.from('new') }]);
  incremental = (await backUpChanges(store, folder, [source])).id;
});
afterAll(async () => {
  remove();
  await removeBucket(store, source);
  store.close();
});

async function printed(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runHere([...args, '--json'], { env: backupStoreSettings() });
  return JSON.parse(stdout) as Record<string, unknown>;
}

interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  /** Whether the answer came to its end. */
  isWhole: boolean;
}

/** The path is sent as it is. */
function raw(server: TestServer, path: string, method = 'GET'): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, agent: false };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined);
      response.on('close', () => {
        const { statusCode: status = 0, headers, complete: isWhole } = response;
        resolve({ status, headers, body: Buffer.concat(chunks), isWhole });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

const objectPath = (id: string, key: string): string =>
  `/api/backups/${id}/objects/${source}/${encodeURIComponent(key)}`;

interface Listed {
  folders: { prefix: string; objects: number; bytes: number }[];
  objects: IndexLine[];
  next: string | null;
  total: { objects: number; bytes: number } | null;
}

async function list(server: TestServer, query: Record<string, string>, id = full): Promise<Listed> {
  const answer = await server.get(
    `/api/backups/${id}/objects?${new URLSearchParams(query).toString()}`,
  );
  expect(answer.status).toBe(200);
  const document = documentOf(answer);
  expect(safeParse(objectsDocument, document).issues).toBeUndefined();
  return document as unknown as Listed;
}

interface Row {
  destination: string;
  read_at: string | null;
  problem: { error: string; code: string } | null;
  list: { backups: { id: string }[] } | null;
  status: Record<string, unknown> | null;
  last_verified: unknown;
  drills: Record<string, unknown>;
}

async function rows(server: TestServer, query = ''): Promise<Row[]> {
  const answer = await server.get(`/api/backups${query}`);
  expect({ status: answer.status, text: answer.text.slice(0, 300) }).toMatchObject({ status: 200 });
  expect(safeParse(destinationsDocument, documentOf(answer)).issues).toBeUndefined();
  return (documentOf(answer) as unknown as { destinations: Row[] }).destinations;
}

/** Without what depends on the time of the answer. */
function withoutAges(document: unknown): unknown {
  return JSON.parse(
    JSON.stringify(document, (name, value: unknown) =>
      ['checked_at', 'age_seconds'].includes(name) ? 0 : value,
    ),
  );
}

describe('GET /api/backups', () => {
  it('has the documents of backup list and backup status', async () => {
    const server = await serve(['--backup', folder, '--max-age', '26h'], redisEnv());
    const [row] = await rows(server);
    expect(row?.list).toEqual(await printed('backup', 'list', folder));
    // Object locks are read by the command alone, because that lists all versions.
    const { locks, ...status } = (await printed(
      'backup',
      'status',
      folder,
      '--max-age',
      '26h',
    )) as {
      locks: null;
    };
    expect(locks).toBe(null);
    expect(withoutAges(row?.status)).toEqual(withoutAges(status));
    expect(row).toMatchObject({ problem: null, last_verified: null, destination: folder });
    const health = documentOf(await server.get('/api/health'));
    expect(health.checks).toMatchObject({ backups: { status: 'healthy' } });
  });

  it('has what was read of the archives, as backup status has it, and what drills proved', async () => {
    const { folder: other, remove: removeOther } = temporaryFolder();
    try {
      const state = join(other, 'state');
      const place = join(other, 'place');
      mkdirSync(place);
      mkdirSync(ownFolderOf(state), { recursive: true });
      await backUp(store, place, [source]);
      const args = ['--backup', place, '--state-dir', state];
      const fresh = await serve(args, redisEnv());
      const never = { damaged: 0, problem: null, last: [], limit_seconds: 45 * 86_400 };
      expect(await rows(fresh)).toMatchObject([
        {
          last_verified: null,
          status: { verification: null },
          drills: { status: 'never', ...never },
        },
      ]);

      await printed('backup', 'verify', place, '--within', '30d');
      const at = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
      const here = drillRecord({ id: 'here', at: at(30), destination: place });
      await appendRecords(ownFolderOf(state), [here, drillRecord({ id: 'x', destination: '/x' })]);
      const claims = (await openDestination(place)).claims(RECORDS_FOLDER);
      const reason = 'the recovery took 3 h, and may take 2 h';
      const there = {
        id: 'there',
        at: at(2),
        scenario: 'store',
        verdict: 'missed',
        reason,
      } as const;
      await putRecord(claims, drillRecord({ ...there, destination: '/mnt/of/another/host' }));
      const server = await serve(args, redisEnv());
      const [row] = await rows(server);
      const status = await printed('backup', 'status', place);
      expect(row?.status?.verification).toMatchObject({ status: 'ok', damaged_bytes: 0 });
      expect(row?.status?.verification).toEqual(status.verification);
      expect(row?.drills).toMatchObject({
        ...{ status: 'missed', damaged: 0, problem: null },
        last: [
          { at: there.at, scenario: 'store', verdict: 'missed', reason, last_met_at: null },
          { at: here.at, scenario: 'object', verdict: 'met', last_met_at: here.at },
        ],
      });

      writeFileSync(join(place, RECORDS_FOLDER, '20261129T000000000Z-redis-torn.json'), '{');
      rmSync(join(ownFolderOf(state), 'drills.ndjson'));
      mkdirSync(join(ownFolderOf(state), 'drills.ndjson'));
      const blind = await serve(args, redisEnv());
      const [seen] = await rows(blind);
      expect(seen?.drills).toMatchObject({ status: 'missed', damaged: 1 });
      expect((seen?.drills.problem as { error: string }).error).toContain('drills.ndjson');
    } finally {
      removeOther();
    }
  });

  it('is not sent again while it says the same, however old it gets', async () => {
    const { folder: other, remove: removeOther } = temporaryFolder();
    try {
      const { id } = await backUp(store, other, [source]);
      const server = await serve(['--backup', other, '--max-age', '26h'], redisEnv());
      const first = await server.get('/api/backups');
      const { etag = '' } = first.headers;
      expect(etag).toMatch(/^W\/"[\w-]+"$/);
      expect(documentOf(first)).toMatchObject({ destinations: [{ list: { backups: [{ id }] } }] });
      await delay(1100);
      for (const tag of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
        const again = await server.get('/api/backups', { 'if-none-match': tag });
        expect({ status: again.status, text: again.text, etag: again.headers.etag }).toEqual({
          ...{ status: 304, text: '', etag },
        });
        expect(again.headers['cache-control']).toBe('no-store');
      }
      const query = `?destination=${encodeURIComponent(other)}`;
      const headers = { 'if-none-match': etag };
      expect((await server.get(`/api/backups${query}`, headers)).status).toBe(304);
      expect((await server.get('/api/backups', { 'if-none-match': '"x"' })).status).toBe(200);
      const { id: later } = await backUpChanges(store, other, [source]);
      // The id is not known, so the destination is read again.
      await delay(2100);
      expect((await server.get(`/api/backups/${later}`)).status).toBe(200);
      const changed = await server.get('/api/backups', headers);
      expect(changed.status).toBe(200);
      expect(changed.headers.etag).not.toBe(etag);
      expect(changed.text).toContain(later);
    } finally {
      removeOther();
    }
  });

  it('is empty where no destination was named, and health does not count them', async () => {
    const server = await serve([], redisEnv());
    expect(await rows(server)).toEqual([]);
    expect((await server.get(`/api/backups/${full}`)).status).toBe(404);
    const health = documentOf(await server.get('/api/health'));
    expect(health.checks).toMatchObject({ backups: { status: 'not_configured' } });
  });

  it('shows a destination that cannot be read beside one that can', async () => {
    const missing = join(folder, 'not-there');
    const server = await serve(['--backup', folder, '--backup', missing], redisEnv());
    const [good, bad] = await rows(server);
    expect(good).toMatchObject({ problem: null });
    expect(bad).toMatchObject({ list: null, status: null, read_at: null });
    expect(bad?.problem?.code).toBe('not_found');
    const alone = await server.get(`/api/backups?destination=${encodeURIComponent(missing)}`);
    expect(alone.status).toBe(404);
    const health = await server.get('/api/health');
    expect(health.status).toBe(503);
    expect(health.text).not.toContain(folder);
    expect((await server.get(`/api/backups/${full}`)).status).toBe(400);
    const named = `?destination=${encodeURIComponent(folder)}`;
    expect((await server.get(`/api/backups/${full}${named}`)).status).toBe(200);
  });

  it('tells health that the newest complete backup is too old', async () => {
    const server = await serve(['--backup', folder, '--max-age', '1s'], redisEnv());
    await delay(1100);
    const health = documentOf(await server.get('/api/health'));
    expect(health).toMatchObject({
      status: 'unhealthy',
      checks: { backups: { reason: 'the newest complete backup is too old' } },
    });
  });

  it.each(['/etc', '..', 's3://other/bucket', '', 'file:///etc'])(
    'takes no destination %j from a client',
    async (text) => {
      const server = await serve(['--backup', folder], redisEnv());
      const query = `?destination=${encodeURIComponent(text)}`;
      for (const path of ['', `/${full}`, `/${full}/objects`, `/${full}/objects/${source}/new`]) {
        expect((await server.get(`/api/backups${path}${query}`)).status).toBe(404);
      }
    },
  );

  it('is for administrators', async () => {
    const env = { ...redisEnv(), SERVE_ADMIN_TOKEN: ADMIN_TOKEN };
    const server = await serve(['--backup', folder, '--auth', 'token'], env);
    const paths = ['', `/${full}`, `/${full}/objects`, `/${full}/objects/${source}/new`];
    for (const path of paths) {
      expect((await server.get(`/api/backups${path}`)).status).toBe(401);
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      const id = path.replace(full, incremental);
      expect((await server.get(`/api/backups${id}`, headers)).status).toBe(200);
    }
    const proxied = await serve(['--backup', folder, '--behind-proxy', '127.0.0.1'], redisEnv());
    for (const path of paths) {
      const answer = await proxied.get(`/api/backups${path}`, { 'x-user-id': 'alice' });
      expect(answer.status).toBe(403);
    }
  });
});

describe('GET /api/backups/{id}', () => {
  it('has the document of backup show', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    for (const id of [full, incremental]) {
      const document = documentOf(await server.get(`/api/backups/${id}`));
      expect(document).toEqual(await printed('backup', 'show', join(folder, id)));
      expect(safeParse(shownDocument, document).issues).toBeUndefined();
    }
  });

  it.each(['x', '..', '%2e%2e', '..%2Fminio_backup_full_20240115_020000', 'a'.repeat(5000)])(
    'is 400 or 404 for the id %s',
    async (id) => {
      const server = await serve(['--backup', folder], redisEnv());
      for (const rest of ['', '/objects', `/objects/${source}/new`]) {
        expect([400, 404]).toContain((await raw(server, `/api/backups/${id}${rest}`)).status);
      }
    },
  );

  it('is 404 for a backup that is not there, 502 for a damaged one, 409 for one without index', async () => {
    const { folder: other, remove: removeOther } = temporaryFolder();
    try {
      const [missing, damaged, legacy] = [1, 2, 3].map(
        (day) => `minio_backup_full_2024010${day}_020000`,
      );
      writeFileSync(join(other, `${damaged}.json`), '{}');
      mkdirSync(join(other, legacy!, 'data', 'photos'), { recursive: true });
      writeFileSync(join(other, legacy!, 'data', 'photos', 'a'), 'a');
      const server = await serve(['--backup', other], redisEnv());
      for (const rest of ['', '/objects', '/objects/photos/a']) {
        expect((await server.get(`/api/backups/${missing}${rest}`)).status).toBe(404);
        expect((await server.get(`/api/backups/${damaged}${rest}`)).status).toBe(502);
        const status = rest === '' ? 200 : 409;
        expect((await server.get(`/api/backups/${legacy}${rest}`)).status).toBe(status);
      }
      const [row] = await rows(server);
      expect(row?.list).toEqual(await printed('backup', 'list', other));
      const shown = documentOf(await server.get(`/api/backups/${legacy}`));
      expect(safeParse(shownDocument, shown).issues).toBeUndefined();
      expect(shown).toMatchObject({ status: 'legacy' });
    } finally {
      removeOther();
    }
  });
});

describe('GET /api/backups/{id}/objects', () => {
  it('has all objects of backup ls over its pages, in its order', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    for (const id of [full, incremental]) {
      const all: IndexLine[] = [];
      for (let after: string | null = ''; after !== null;) {
        const query = { delimiter: '', limit: '7', ...(after === '' ? {} : { after }) };
        const page: Listed = await list(server, query, id);
        all.push(...page.objects);
        after = page.next;
      }
      const ls = await printed('backup', 'ls', join(folder, id));
      expect(all).toEqual(ls.objects);
      expect((await list(server, {}, id)).total).toEqual(ls.total);
    }
  });

  it('shows folders, whose counts are those of backup ls', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const top = await list(server, {});
    expect(top.folders.map(({ prefix }) => prefix)).toEqual([`${source}/`]);
    const inside: Pick<Listed, 'folders' | 'objects'> = { folders: [], objects: [] };
    for (let after: string | null = ''; after !== null;) {
      const query = { prefix: `${source}/`, limit: '2', ...(after === '' ? {} : { after }) };
      const page: Listed = await list(server, query);
      inside.folders.push(...page.folders);
      inside.objects.push(...page.objects);
      after = page.next;
    }
    const names = inside.folders.map(({ prefix }) => prefix.slice(source.length + 1));
    expect(names).toEqual(['/', 'a/', 'deep/', 'dots/', 'ends/', 'ünï/']);
    const lines = [...(await contents(folder, full)).values()];
    for (const { prefix, objects, bytes } of inside.folders) {
      const within = lines.filter(({ bucket, key }) => `${bucket}/${key}`.startsWith(prefix));
      const sum = within.reduce((total, { size }) => total + size, 0);
      expect({ prefix, objects, bytes }).toEqual({ prefix, objects: within.length, bytes: sum });
    }
    const shown = inside.folders.reduce((sum, { objects }) => sum + objects, inside.objects.length);
    expect(shown).toBe(lines.length);
    const deep = await list(server, { prefix: `${source}/deep/` });
    expect(deep.folders.map(({ objects }) => objects)).toEqual([10, 10, 10]);
    const ends = await list(server, { prefix: `${source}/ends/` });
    expect(ends.objects.map(({ key }) => key)).toEqual(['ends/']);
    const double = await list(server, { prefix: `${source}/a/` });
    expect(double.folders.map(({ prefix }) => prefix)).toEqual([`${source}/a//`, `${source}/a/b/`]);
  });

  it('is empty for a prefix without objects, and 404 for an unknown bucket', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const nothing = { folders: [], objects: [], next: null };
    expect(await list(server, { prefix: `${source}/nope/` })).toMatchObject({
      ...nothing,
      total: null,
    });
    expect(await list(server, { prefix: 'nope' })).toMatchObject(nothing);
    const unknown = await server.get(`/api/backups/${full}/objects?prefix=nope/`);
    expect(unknown.status).toBe(404);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'after=z',
    'delimiter=x',
    'limit=1&limit=2',
    `prefix=${'x'.repeat(9000)}`,
  ])('is 400 for %s', async (query) => {
    const server = await serve(['--backup', folder], redisEnv());
    const path = `/api/backups/${full}/objects?prefix=a&${query}`;
    expect((await server.get(path)).status).toBe(400);
  });
});

describe('GET /api/backups/{id}/objects/{bucket}/{key}', () => {
  it.each(ODD_KEYS)('has the bytes of %j, under a safe name', async (key) => {
    const server = await serve(['--backup', folder], redisEnv());
    for (const id of [full, incremental]) {
      const answer = await raw(server, objectPath(id, key));
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(`of ${key}`);
      const disposition = String(answer.headers['content-disposition']);
      expect(disposition).toMatch(
        /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[\w.%~!-]+$/,
      );
      const [, name = ''] = /UTF-8''(.*)$/.exec(disposition) ?? [];
      expect(decodeURIComponent(name)).not.toMatch(/[/\\]|^\./);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
    }
  });

  it('takes slashes as they are, too', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const answer = await raw(server, `/api/backups/${full}/objects/${source}/a/b/c.txt`);
    expect(answer.body.toString()).toBe('of a/b/c.txt');
  });

  it('previews an image by its bytes, and has the large and the empty one', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const image = await raw(server, objectPath(full, 'page.png'));
    expect(image.headers['content-type']).toBe('image/png');
    expect(image.body).toEqual(Buffer.concat([PNG, noise(300_000, 'page')]));
    const large = await raw(server, objectPath(incremental, 'large'));
    expect(large.body.equals(noise(9 * MIB, 'large'))).toBe(true);
    expect(large.headers['x-content-sha256']).toBe(
      createHash('sha256').update(large.body).digest('hex'),
    );
    const empty = await raw(server, objectPath(full, 'empty'));
    expect(empty).toMatchObject({ status: 200, isWhole: true });
    expect(empty.body).toHaveLength(0);
  });

  it('answers HEAD without the bytes, and 404 for what is not there', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const head = await raw(server, objectPath(full, 'large'), 'HEAD');
    expect(head).toMatchObject({ status: 200, isWhole: true });
    expect(head.headers['content-length']).toBe(String(9 * MIB));
    expect(head.body).toHaveLength(0);
    for (const key of ['nope', '../new', '%00', 'a']) {
      expect((await raw(server, objectPath(full, key))).status).toBe(404);
    }
    expect((await raw(server, `/api/backups/${full}/objects/${source}/..%2f..`)).status).toBe(404);
    expect((await raw(server, `/api/backups/${full}/objects/nope/new`)).status).toBe(404);
    const post = await server.request('POST', objectPath(full, 'new'), {
      headers: { origin: server.url },
    });
    expect(post.status).toBe(405);
  });

  it('cuts the connection where the digest is wrong, and is 502 where it has sent nothing', async () => {
    const { folder: other, remove: removeOther } = temporaryFolder();
    try {
      const { id } = await backUp(store, other, [source]);
      const archive = join(other, `${id}.tar.gz`);
      const bytes = readFileSync(archive);
      const lines = await contents(other, id);
      const flip = (key: string, share: number) => {
        const { offset, length } = lines.get(key)!;
        bytes[offset + Math.floor(length * share)]! ^= 1;
      };
      flip('large', 0.95);
      flip('page.png', 0.5);
      writeFileSync(archive, bytes);
      const server = await serve(['--backup', other], redisEnv());
      const large = await raw(server, objectPath(id, 'large'));
      expect(large).toMatchObject({ status: 200, isWhole: false });
      expect(large.body.length).toBeLessThan(9 * MIB);
      expect(large.body.equals(noise(9 * MIB, 'large').subarray(0, large.body.length))).toBe(true);
      expect(server.lines.some(({ message }) => message === 'an answer was cut short')).toBe(true);
      expect((await raw(server, objectPath(id, 'page.png'))).status).toBe(502);
    } finally {
      removeOther();
    }
  });

  it('closes the archive when the client goes away, and when it does not read', async () => {
    const server = await serve(['--backup', folder], redisEnv());
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 40; i++) {
      await new Promise<void>((resolve, reject) => {
        const path = objectPath(full, 'large');
        const options = { host: '127.0.0.1', port: server.port, path, agent: false };
        const request = http.get(options, (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
        });
        request.on('error', reject);
      });
    }
    // More than there may be at once: those that went away no longer count.
    await expect
      .poll(async () => (await raw(server, objectPath(full, 'plain.txt'))).status)
      .toBe(200);
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThan(before + 10);
    const paused: http.ClientRequest[] = [];
    for (let i = 0; i < 16; i++) {
      const options = { host: '127.0.0.1', port: server.port, agent: false };
      const request = http.get({ ...options, path: objectPath(full, 'large') }, (r) => r.pause());
      request.on('error', () => undefined);
      paused.push(request);
    }
    await expect
      .poll(async () => (await raw(server, objectPath(full, 'large'))).status, { timeout: 10_000 })
      .toBe(429);
    for (const request of paused) request.destroy();
    await expect
      .poll(async () => (await raw(server, objectPath(full, 'large'))).status, { timeout: 10_000 })
      .toBe(200);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Returns what lets so many ms pass on the clock of the process. */
function passTime(): (ms: number) => void {
  const now = performance.now.bind(performance);
  let passedMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  return (ms) => (passedMs += ms);
}

describe('a destination in a bucket', () => {
  let bucket: string;
  let proxy: FaultyProxy;
  let url: string;
  let id: string;
  const env = () => ({ ...redisEnv(), ...backupStoreSettings(proxy.endpoint) });

  beforeEach(async () => {
    bucket = await freshBucket(store);
    proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
    url = `s3://${bucket}/offsite`;
    const { stdout } = await runHere(['backup', 'full', url, '--bucket', source, '--json'], {
      env: { ...storeSettings(), ...backupStoreSettings() },
    });
    ({ id } = JSON.parse(stdout) as { id: string });
  });
  afterEach(async () => {
    await proxy.close();
    await removeBucket(store, bucket);
  });

  it('gives an object of 300 kB for four requests', async () => {
    const server = await serve(['--backup', url], env());
    await rows(server);
    proxy.requests.length = 0;
    const answer = await raw(server, objectPath(id, 'page.png'));
    expect(answer.body).toHaveLength(300_000 + PNG.length);
    expect(proxy.requests.length).toBeLessThanOrEqual(4);
    proxy.requests.length = 0;
    await list(server, { prefix: `${source}/deep/` }, id);
    expect(proxy.requests.length).toBeLessThanOrEqual(3);
  });

  it('is read once for requests at the same time, and not again within a minute', async () => {
    const server = await serve(['--backup', url], env());
    await rows(server);
    // Whether the place is still there is asked more often.
    const read = () => proxy.requests.filter(({ path }) => !path.includes('max-keys=1&'));
    const first = read().length;
    await Promise.all(Array.from({ length: 8 }, () => rows(server)));
    expect(read()).toHaveLength(first);
    const summaries = proxy.requests.filter(({ path }) => path.includes(`${id}.json`));
    expect(summaries).toHaveLength(1);
    const [row] = await rows(server);
    expect(row?.list).toEqual(await printed('backup', 'list', url));
  });

  it('is 503 while the store is away, without its address, and right again afterwards', async () => {
    proxy.setPlan(() => ({ kind: 'refuse' }));
    const server = await serve(['--backup', url], env());
    for (const path of ['', `/${id}`, `/${id}/objects`, `/${id}/objects/${source}/new`]) {
      const answer = await server.get(`/api/backups${path}`);
      expect(answer.status).toBe(503);
      expect(answer.text).not.toContain('127.0.0.1');
      expect(documentOf(answer)).toMatchObject({ code: 'unavailable' });
    }
    const health = await server.get('/api/health');
    expect(health.status).toBe(503);
    expect(health.text).not.toContain(bucket);
    proxy.setPlan(() => undefined);
    expect((await raw(server, objectPath(id, 'new'))).status).toBe(200);
  });

  it('is unhealthy within seconds when the store goes away, and healthy when it is back', async () => {
    const later = passTime();
    const server = await serve(['--backup', url], env());
    const isHealthy = async () => {
      const { checks } = documentOf(await server.get('/api/health')) as {
        checks: { backups: { status: string } };
      };
      const [row] = await rows(server);
      return [checks.backups.status, row?.problem === null];
    };
    expect(await isHealthy()).toEqual(['healthy', true]);
    proxy.setPlan(() => ({ kind: 'refuse' }));
    later(4000);
    expect(await isHealthy()).toEqual(['unhealthy', false]);
    proxy.setPlan(() => undefined);
    later(4000);
    expect(await isHealthy()).toEqual(['healthy', true]);
  });

  it('cuts the connection where the store goes away in the middle', async () => {
    const server = await serve(['--backup', url], env());
    let isGone = false;
    proxy.setPlan(({ path }) =>
      isGone && path.includes('.tar.gz') ? { kind: 'refuse' } : undefined,
    );
    const answer = new Promise<boolean>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: server.port, path: objectPath(id, 'large') };
      const request = http.get({ ...options, agent: false }, (response) => {
        isGone = true;
        response.on('error', () => undefined);
        response.on('close', () => resolve(response.complete));
        response.resume();
      });
      request.on('error', reject);
    });
    expect(await answer).toBe(false);
  });

  it('is 502 where the archive is gone', async () => {
    await store.deleteObject(bucket, `offsite/${id}.tar.gz`);
    const server = await serve(['--backup', url], env());
    expect((await server.get(`/api/backups/${id}/objects`)).status).toBe(502);
    const [row] = await rows(server);
    expect(row?.status).toMatchObject({ chains: { status: 'broken' } });
  });

  it('needs its settings at the start', async () => {
    await expect(serve(['--backup', url], redisEnv())).rejects.toThrow(/ended with 2/);
    await expect(serve(['--backup', 's3://'], env())).rejects.toThrow(/ended with 2/);
  });
});

describe('a folder that comes later', () => {
  it('is shown when it is there, and with what it held when it is gone again', async () => {
    const { folder: parent, remove: removeParent } = temporaryFolder();
    try {
      const later = passTime();
      const path = join(parent, 'mounted');
      const server = await serve(['--backup', path], redisEnv());
      expect((await server.get('/api/backups')).status).toBe(404);
      mkdirSync(path);
      const { id } = await backUp(store, path, [source]);
      // It failed, which counts for a while.
      later(11_000);
      expect((await server.get(`/api/backups/${id}`)).status).toBe(200);
      const health = async () => documentOf(await server.get('/api/health')).checks;
      expect(await health()).toMatchObject({ backups: { status: 'healthy' } });
      renameSync(path, `${path}.away`);
      later(4000);
      const reason = 'a destination cannot be read';
      expect(await health()).toMatchObject({ backups: { status: 'unhealthy', reason } });
      const [gone] = await rows(server);
      expect(gone?.problem?.code).toBe('not_found');
      expect(gone?.list).not.toBeNull();
      // A disk that is unmounted leaves its folder.
      mkdirSync(path);
      later(4000);
      expect(await health()).toMatchObject({ backups: { reason: 'there is no complete backup' } });
      rmdirSync(path);
      renameSync(`${path}.away`, path);
      later(4000);
      expect(await health()).toMatchObject({ backups: { status: 'healthy' } });
    } finally {
      removeParent();
    }
  });
});
