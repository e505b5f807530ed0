import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DestinationStatus } from '../../../src/repository/status.js';
import type { Summary } from '../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import { seed } from '../../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Encrypted and signed backups: what lists tell of them, and what an incremental takes over from them. */

const store = testStore();
const { folder: work, remove } = temporaryFolder();
const key = join(work, 'operators.agekey');
const signingKey = join(work, 'sign.key');
/** Holds an encrypted full and an incremental of it, both signed. Tests work on copies. */
const made = join(work, 'made');
const MARK = 'plainname-88c1';
let buckets: string[];
let recipient: string;
let full: string;
let incremental: string;
let here: string;
let proxy: FaultyProxy;
let copies = 0;

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', join(work, 'state'));
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  buckets = [await freshBucket(store), await freshBucket(store)].sort();
  for (const bucket of buckets) {
    const content = Buffer.from(bucket);
    await seed(store, bucket, [
      { key: `${MARK}/one`, content },
      { key: `${MARK}/two`, content },
    ]);
  }
  recipient = (await runJson<{ recipient: string }>(['key', 'new', key])).answer.recipient;
  await run(['key', 'new', '--host']);
  await run(['key', 'new', '--signing', signingKey]);
  mkdirSync(made);
  full = (await back('full', made, '--signing-key', signingKey)).answer.id;
  incremental = (await back('incremental', made, '--signing-key', signingKey)).answer.id;
});
beforeEach(() => {
  vi.stubEnv('XDG_STATE_HOME', join(work, 'state'));
  here = join(work, `copy-${copies++}`);
  cpSync(made, here, { recursive: true });
});
afterEach(() => {
  proxy.setPlan(() => undefined);
  vi.unstubAllEnvs();
});
afterAll(async () => {
  for (const bucket of buckets) await removeBucket(store, bucket);
  await proxy.close();
  store.close();
  remove();
});

const selected = () => buckets.flatMap((bucket) => ['--bucket', bucket]);

async function back(type: string, place: string, ...more: string[]) {
  const args = ['backup', type, place, ...selected(), '--no-prune', '--recipient', recipient];
  return await runJson<Summary>([...args, ...more]);
}

function edit(
  id: string,
  change: (archives: NonNullable<Summary['encryption']>['archives']) => void,
) {
  const path = join(here, `${id}.json`);
  const decoded = decodeSummary(readFileSync(path));
  if (decoded.kind !== 'valid' || decoded.summary.encryption === undefined) throw new Error(id);
  change(decoded.summary.encryption.archives);
  writeFileSync(path, encodeSummary(decoded.summary));
}

function flip(name: string, at: number): void {
  const bytes = readFileSync(join(here, name));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(join(here, name), bytes);
}

describe('lists', () => {
  it('tell to whom backups are encrypted, and that signatures lie beside them', async () => {
    const listed = await runJson<{ backups: (Summary & { has_signature?: boolean })[] }>([
      ...['backup', 'list', here],
    ]);
    const told = listed.answer.backups.map(({ has_signature: signed, encryption }) => [
      ...[signed, encryption?.recipients],
    ]);
    expect(told).toEqual([
      [true, [recipient]],
      [true, [recipient]],
    ]);
    const { stdout } = await run(['backup', 'list', here]);
    expect(stdout).toMatch(/ keys +signed\n/);
    expect(stdout).not.toContain('lock');
    rmSync(join(here, `${full}.json.minisig`));
    const { answer, exitCode } = await runJson<DestinationStatus>(['backup', 'status', here]);
    expect(exitCode).toBe(0);
    expect(answer.protection).toEqual({ encrypted: 2, recipients: [recipient], signatures: 1 });
    const status = (await run(['backup', 'status', here])).stdout;
    expect(status).toContain(`encrypted   all 2 backups, to ${recipient}`);
    expect(status).toContain('signatures  beside 1 of 2 backups, not checked');
    const shown = await run(['backup', 'show', `${here}/${incremental}`]);
    expect(shown.stdout).toContain('signature  there, not checked');
  });

  it('have none of it where no backup is protected', async () => {
    const plain = join(work, 'plain');
    mkdirSync(plain);
    await run(['backup', 'full', plain, ...selected()]);
    const texts = [
      (await run(['backup', 'list', plain])).stdout,
      (await run(['backup', 'status', plain])).stdout,
    ].join('\n');
    expect(texts).not.toMatch(/keys|signed|signature|lock|encrypted/);
  });

  it.each([
    ['missing', 'sidecar_missing', () => rmSync(join(here, `${full}.index.age`))],
    [
      'cut off',
      'sidecar_length',
      () => writeFileSync(join(here, `${full}.index.age`), Buffer.alloc(900)),
    ],
  ])('name a sidecar that is %s', async (_what, kind, spoil) => {
    spoil();
    const { exitCode, answer } = await runJson<DestinationStatus>(['backup', 'status', here]);
    expect({ exitCode, status: answer.chains.status }).toEqual({ exitCode: 5, status: 'broken' });
    expect(answer.chains.problems.map((one) => [one.id, one.kind])).toEqual([[full, kind]]);
    const listed = await run(['backup', 'list', here]);
    expect(listed.exitCode).toBe(3);
    expect(listed.stdout).toContain('the sidecar');
  });
});

describe('an incremental takes nothing over from a parent', () => {
  const forgeries: [string, (archives: NonNullable<Summary['encryption']>['archives']) => void][] =
    [
      [
        'with the header of another file',
        (all) => void (all[full]!.header = all[incremental]!.header),
      ],
      ['with another nonce', (all) => void (all[full]!.nonce = all[incremental]!.nonce)],
      ['with another length', (all) => void (all[full]!.bytes += 1)],
      ['with another sidecar', (all) => void (all[full]!.index = all[incremental]!.index)],
      ['with a header that is none', (all) => void (all[full]!.header = 'AAAA')],
      [
        'with another digest of its sidecar',
        (all) => void (all[incremental]!.index.sha256 = '0'.repeat(64)),
      ],
    ];

  it.each(forgeries)('%s in its summary', async (_what, forge) => {
    edit(incremental, forge);
    const named = await back('incremental', here, '--parent', incremental);
    expect(named.exitCode).toBe(8);
    const { exitCode, answer, stderr } = await back('incremental', here);
    expect({ exitCode, type: answer.type }).toEqual({ exitCode: 0, type: 'full' });
    expect(stderr).toContain(`${incremental} cannot be the parent`);
    expect(stderr).toContain('Making a full backup');
  });

  it('that agrees with the summary of an archive, and not with the archive', async () => {
    let other = '';
    edit(incremental, (all) => {
      other = all[incremental]!.nonce;
      all[full]!.nonce = other;
    });
    edit(full, (all) => void (all[full]!.nonce = other));
    const { answer, stderr } = await back('incremental', here);
    expect(answer.type).toBe('full');
    expect(stderr).toContain(`its record of ${full} has another header than ${full}.tar.gz.age`);
  });

  it('whose sidecar is missing: the one before it is the parent', async () => {
    rmSync(join(here, `${incremental}.index.age`));
    const { exitCode, answer, stderr } = await back('incremental', here);
    expect({ exitCode, parent: answer.parent }).toEqual({ exitCode: 0, parent: full });
    expect(stderr).toContain(`the sidecar ${incremental}.index.age is missing: comparing with`);
  });

  it.each([
    ['whose sidecar is damaged', () => flip(`${incremental}.index.age`, 700)],
    ['that needs a sidecar that is missing', () => rmSync(join(here, `${full}.index.age`))],
    ['that needs a sidecar that is damaged', () => flip(`${full}.index.age`, 700)],
  ])('%s', async (_what, spoil) => {
    spoil();
    const named = await back('incremental', here, '--parent', incremental);
    expect(named.exitCode).toBe(8);
    const { exitCode, answer, stderr } = await back('incremental', here);
    expect({ exitCode, type: answer.type }).toEqual({ exitCode: 0, type: 'full' });
    expect(stderr).toContain(`${incremental} cannot be the parent`);
    const next = await back('incremental', here);
    expect(next.answer).toMatchObject({ type: 'incremental', parent: answer.id });
  });
});

describe('an encrypted run that fails', () => {
  const answers: [string, string][] = [
    [
      'a listing of an object without a time',
      `<Contents><Key>${MARK}/x</Key><Size>1</Size></Contents>`,
    ],
    [
      'a listing out of order',
      ['b', 'a']
        .map(
          (name) =>
            `<Contents><Key>${MARK}/${name}</Key><Size>1</Size><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag></Contents>`,
        )
        .join(''),
    ],
  ];

  it.each(answers)('names no object: %s', async (_what, contents) => {
    const body = `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`;
    proxy.setPlan(({ path }) =>
      path.includes('list-type=2') ? { kind: 'answer', status: 200, body } : undefined,
    );
    const args = ['backup', 'full', here, ...selected(), '--recipient', recipient];
    for (const flags of [['--debug', '--verbose'], ['--json']]) {
      const env = storeSettings({ endpoint: proxy.endpoint });
      const { exitCode, stdout, stderr } = await run([...args, ...flags], { env });
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).not.toContain(MARK);
    }
  });
});

it('a drill that no key opens is not proven, and names no difference', async () => {
  const { exitCode, answer } = await runJson<{
    drills: { verdict: string; reason: string; differences: unknown[] }[];
  }>(['drill', 'object', here, '--pick', 'newest']);
  expect(exitCode).toBe(3);
  expect(answer.drills).toMatchObject([{ verdict: 'not_proven', differences: [] }]);
  expect(answer.drills[0]?.reason).toContain('opens only its index');
});
