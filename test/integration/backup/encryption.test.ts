import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RollingResult } from '../../../src/backup/verify/rolling/rolling.js';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { Summary } from '../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { type Outcome, run, runJson } from '../../helpers/cli.js';
import { noise, seed, snapshot } from '../../helpers/seed.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
const key = join(folder, 'operators.agekey');
let source: string;
let destinationBucket: string;
let recipient: string;

/** Marks that must be nowhere in plain text. */
const NAME = 'plainname-7f3a';
const CONTENT = 'plaincontent-91bc';
const METADATA = 'plainmetadata-44de';

const state = (name: string): string => {
  const home = join(folder, `${name}.state`);
  vi.stubEnv('XDG_STATE_HOME', home);
  return home;
};

beforeAll(async () => {
  source = await freshBucket(store);
  destinationBucket = await freshBucket(store);
  const attributes = { metadata: { note: METADATA } };
  await seed(store, source, [
    { key: `${NAME}/small.txt`, content: Buffer.from(`${CONTENT}\n`.repeat(50)), attributes },
    { key: `${NAME}/large.bin`, content: noise(6_000_000, 'large') },
    { key: 'z/empty', content: Buffer.alloc(0) },
    ...Array.from({ length: 60 }, (_, i) => ({
      key: `pages/${i}.bin`,
      content: noise(i * 1000, `page ${i}`),
    })),
  ]);
  const made = await runJson<{ recipient: string }>(['key', 'new', key]);
  recipient = made.answer.recipient;
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await removeBucket(store, destinationBucket);
  await removeBucket(store, source);
  store.close();
  remove();
});

const env = () => backupStoreSettings();

async function back(type: string, place: string, ...more: string[]): Promise<Summary> {
  const args = ['backup', type, place, '--bucket', source, '--recipient', recipient, ...more];
  const { exitCode, answer, stderr } = await runJson<Summary>(args, { env: env() });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return answer;
}

/** Restores into a new bucket, compares it with what the source holds, and removes it. */
async function restoresTo(place: string, expected: Awaited<ReturnType<typeof snapshot>>) {
  const into = `${source}-back`;
  const args = ['restore', place, '--bucket', source, '--as', `${source}=${into}`];
  const outcome = await run([...args, '--identity', key, '--yes'], { env: env() });
  try {
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(await snapshot(store, into)).toEqual(expected);
  } finally {
    await removeBucket(store, into);
  }
}

function filesIn(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function bytesAt(objects: ObjectStore, bucket: string): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const page of objects.listObjects(bucket, { prefix: '' })) {
    for (const { key: name } of page) {
      const { content } = await objects.readObject(bucket, name, { maxBytes: 64 * 1024 * 1024 });
      all.push(Buffer.from(name), content ?? Buffer.alloc(0));
    }
  }
  return all;
}

function expectNoMark(bytes: readonly Buffer[]): void {
  for (const mark of [NAME, CONTENT, METADATA]) {
    for (const part of bytes) {
      expect(part.includes(mark)).toBe(false);
      expect(part.includes(Buffer.from(mark).toString('base64').slice(2, -4))).toBe(false);
    }
  }
}

describe.each(['folder', 's3'] as const)('in a %s', (kind) => {
  const place = (name: string): string => {
    if (kind === 's3') return `s3://${destinationBucket}/${name}`;
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };

  it('a chain is made with the key of the host alone, and restored with the key of its readers', async () => {
    const home = state(`state-${kind}`);
    expect(await run(['key', 'new', '--host'])).toMatchObject({ exitCode: 0 });
    const here = place('chain');
    const full = await back('full', here);
    expect(full).toMatchObject({ format: 2, archive: { file: `${full.id}.tar.gz.age` } });
    expect(full.encryption?.recipients).toEqual([recipient]);
    const [changed, deleted] = kind === 'folder' ? [1, 2] : [3, 4];
    await store.putObject(source, `pages/${changed}.bin`, contentOf(`changed ${CONTENT}`));
    await store.deleteObject(source, `pages/${deleted}.bin`);
    const first = await back('incremental', here);
    await store.putObject(source, `pages/new in a ${kind}.bin`, contentOf('new'));
    const second = await back('incremental', here);
    expect(first).toMatchObject({ type: 'incremental', parent: full.id });
    expect(first.objects).toMatchObject({ captured: 1, deleted: 1 });
    expect(second).toMatchObject({ type: 'incremental', parent: first.id });
    expect(Object.keys(second.encryption?.archives ?? {})).toContain(full.id);

    await restoresTo(`${here}/${second.id}`, await snapshot(store, source));
    for (const { id } of [full, first, second]) {
      const verified = await runJson<VerifyResult>(
        ['backup', 'verify', `${here}/${id}`, '--identity', key],
        { env: env() },
      );
      expect(verified.answer).toMatchObject({ status: 'ok', problems: [] });
      expect(verified.answer.not_opened).toBeUndefined();
    }

    const atDestination =
      kind === 'folder'
        ? filesIn(here).flatMap((file) => [Buffer.from(file), readFileSync(file)])
        : await bytesAt(store, destinationBucket);
    expect(atDestination.length).toBeGreaterThan(8);
    expectNoMark(atDestination);
    expectNoMark(filesIn(home).flatMap((file) => [Buffer.from(file), readFileSync(file)]));
    // An unfinished upload cannot be read, so no key of it is kept.
    const keys = join(home, 'mangamotion', 'draft-keys');
    if (kind === 's3') expect(existsSync(keys)).toBe(false);
    else expect(readdirSync(keys)).toEqual([]);
  });

  it('a chain is copied as it is, and one in plain text is encrypted on the way', async () => {
    state(`copies-${kind}`);
    await run(['key', 'new', '--host']);
    const plain = join(folder, `plain-${kind}`);
    mkdirSync(plain);
    const add = async (type: string) =>
      (await runJson<Summary>(['backup', type, plain, '--bucket', source])).answer;
    const full = await add('full');
    await store.putObject(source, `pages/for a copy in a ${kind}.bin`, contentOf(CONTENT));
    const next = await add('incremental');
    const here = place('encrypted-copy');
    const copy = (from: string, to: string, ...more: string[]) =>
      run(['backup', 'copy', from, to, '--all', '--verify', ...more], { env: env() });
    const recipients = ['--recipient', recipient];
    expect(await copy(plain, here, ...recipients)).toMatchObject({ exitCode: 0, stderr: '' });
    const again = await copy(plain, here, '--json', ...recipients);
    expect(JSON.parse(again.stdout)).toMatchObject({ copied: 0, present: 2 });
    const third = place('copy-of-copy');
    expect(await copy(here, third)).toMatchObject({ exitCode: 0, stderr: '' });
    for (const there of [here, third]) {
      for (const { id } of [full, next]) {
        const args = ['backup', 'verify', `${there}/${id}`, '--identity', key];
        const verified = await runJson<VerifyResult>(args, { env: env() });
        expect(verified.answer).toMatchObject({
          status: 'ok',
          problems: [],
          objects: full.objects.total + (id === next.id ? 1 : 0),
        });
      }
    }
    await restoresTo(`${third}/${next.id}`, await snapshot(store, source));
    if (kind === 's3') return;
    expectNoMark(filesIn(here).flatMap((file) => [Buffer.from(file), readFileSync(file)]));
    // The key of the host opens the sidecar of a copy, too.
    expect(await back('incremental', here)).toMatchObject({ type: 'incremental', parent: next.id });
  });

  it('without the key of the host only fulls are made, and the run says so', async () => {
    state(`bare-${kind}`);
    const here = place('bare');
    await back('full', here);
    const args = ['backup', 'incremental', here, '--bucket', source, '--recipient', recipient];
    const { exitCode, answer, stderr } = await runJson<Summary>(args, { env: env() });
    expect({ exitCode, type: answer.type }).toEqual({ exitCode: 0, type: 'full' });
    expect(stderr).toContain('mangamotion key new --host');
  });

  it('is never followed by plain text because a setting was lost', async () => {
    state(`lost-${kind}`);
    const here = place('lost');
    const { id } = await back('full', here);
    for (const type of ['full', 'incremental', 'metadata']) {
      const args = ['backup', type, here, '--bucket', source];
      const refused = await run(args, { env: env() });
      expect(refused).toMatchObject({ exitCode: 8 });
      expect(refused.stderr).toContain(`${id} in`);
      expect(refused.stderr).toContain('--no-encryption');
    }
    const intended = await run(['backup', 'full', here, '--bucket', source, '--no-encryption'], {
      env: env(),
    });
    expect(intended).toMatchObject({ exitCode: 0 });
  });

  it('refers to no plain text: the first encrypted backup of a line is a full', async () => {
    state(`first-${kind}`);
    const here = place('first');
    await run(['backup', 'full', here, '--bucket', source], { env: env() });
    const answer = await back('incremental', here);
    expect(answer).toMatchObject({ type: 'full', references: [], format: 2 });
  });

  it('is referred to by no plain text: the first backup in plain text is a full', async () => {
    state(`plain-${kind}`);
    await run(['key', 'new', '--host']);
    const here = place('plain-after');
    await back('full', here);
    const args = ['backup', 'incremental', here, '--bucket', source, '--no-encryption'];
    const { answer, stderr } = await runJson<Summary>(args, { env: env() });
    expect(answer).toMatchObject({ type: 'full', references: [], format: 1 });
    expect(stderr).toContain('holds no plain backup that this one could refer to');
  });

  it('is told from its digests alone without a key, and not at all with a wrong one', async () => {
    state(`keyless-${kind}`);
    const here = place('keyless');
    const { id, encryption } = await back('full', here);
    const other = join(folder, `other-${kind}.agekey`);
    await run(['key', 'new', other]);
    const backup = `${here}/${id}`;
    for (const more of [[], ['--identity', other]]) {
      const verified = await runJson<VerifyResult>(['backup', 'verify', backup, ...more], {
        env: env(),
      });
      expect(verified).toMatchObject({ exitCode: 0, answer: { status: 'ok' } });
      expect(verified.answer.not_opened).toContain('is encrypted');
      const restored = await run(['restore', backup, '--dry-run', ...more], { env: env() });
      expect(restored).toMatchObject({ exitCode: 6 });
      expect(restored.stderr).toContain(encryption?.recipients[0]);
      expect(restored.stderr).toContain('--identity');
      const secret = readFileSync(other, 'utf8').split('\n')[2] ?? '';
      expect(secret).toMatch(/^AGE-SECRET-KEY-1/);
      expect(restored.stderr + restored.stdout).not.toContain(secret);
    }
    const within = ['backup', 'verify', here, '--within', '30d'];
    const skipping = await runJson<RollingResult>(within, { env: env() });
    expect(skipping.exitCode).toBe(3);
    expect(skipping.answer.skipped.map((one) => one.id)).toEqual([id]);
    const reading = await runJson<RollingResult>([...within, '--identity', key], { env: env() });
    expect(reading).toMatchObject({ exitCode: 0, answer: { status: 'ok', skipped: [] } });
    const list = await run(['backup', 'list', here], { env: env() });
    expect(list).toMatchObject({ exitCode: 0 });
    const shown = await run(['backup', 'show', backup, '--identity', key], { env: env() });
    expect(shown.stdout).toContain(recipient);
  });
});

describe('together with age', () => {
  it('age and tar alone recover an archive and its index', async () => {
    state('age-1');
    const here = join(folder, 'age-1');
    mkdirSync(here);
    const { id } = await back('full', here);
    const target = join(here, 'unpacked');
    mkdirSync(target);
    const decrypt = `age -d -i ${key} ${here}/${id}.tar.gz.age | tar xz -C ${target}`;
    await execa('bash', ['-o', 'pipefail', '-c', decrypt]);
    const object = await store.readObject(source, `${NAME}/large.bin`, { maxBytes: 10_000_000 });
    const unpacked = readFileSync(join(target, id, 'data', source, NAME, 'large.bin'));
    expect(object.content?.equals(unpacked)).toBe(true);
    const list = `age -d -i ${key} ${here}/${id}.index.age | tar tz`;
    const { stdout } = await execa('bash', ['-o', 'pipefail', '-c', list]);
    // By chance of a bucket's name, an index has more than one chunk.
    const entries = stdout.split('\n').filter((name) => !/[1-9]\.ndjson$/.test(name));
    expect(entries).toEqual([
      `${id}/index/00000.ndjson`,
      `${id}/index/directory.json`,
      `${id}/index/summary.json`,
    ]);
  });

  it.each(['folder', 's3'] as const)(
    'an archive in a %s that a person encrypted with age is read as before',
    async (kind) => {
      state(`age-2-${kind}`);
      const here = join(folder, `age-2-${kind}`);
      mkdirSync(here);
      const made = await runJson<Summary>(['backup', 'full', here, '--bucket', source]);
      const { id } = made.answer;
      const plain = join(here, `${id}.tar.gz`);
      await execa('age', ['-r', recipient, '-o', `${plain}.age`, plain]);
      let backup = `${here}/${id}`;
      await execa('rm', [plain]);
      if (kind === 's3') {
        for (const name of [`${id}.tar.gz.age`, `${id}.json`])
          await store.putObject(
            destinationBucket,
            `by-hand/${name}`,
            contentOf(readFileSync(join(here, name))),
          );
        backup = `s3://${destinationBucket}/by-hand/${id}`;
      }
      const verified = await runJson<VerifyResult>(
        ['backup', 'verify', backup, '--identity', key],
        { env: env() },
      );
      expect(verified.answer).toMatchObject({ status: 'ok', problems: [] });
      await restoresTo(backup, await snapshot(store, source));
      const refused = await run(['restore', backup, '--dry-run'], { env: env() });
      expect(refused).toMatchObject({ exitCode: 6 });
    },
  );
});

describe('damage', () => {
  let here: string;
  let id: string;
  let archive: Buffer;
  let sidecar: Buffer;

  beforeAll(async () => {
    state('damage');
    await run(['key', 'new', '--host']);
    here = join(folder, 'damage');
    mkdirSync(here);
    ({ id } = await back('full', here));
    archive = readFileSync(join(here, `${id}.tar.gz.age`));
    sidecar = readFileSync(join(here, `${id}.index.age`));
  });
  afterEach(() => {
    writeFileSync(join(here, `${id}.tar.gz.age`), archive);
    writeFileSync(join(here, `${id}.index.age`), sidecar);
  });

  const CHUNK = 64 * 1024 + 16;
  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const head = () => archive.indexOf('\n--- ') + 1 + 4 + 43 + 1 + 16;

  const cases: Record<string, () => Buffer> = {
    'a flipped bit in the middle': () => flipped(archive, archive.length >> 1),
    'a flipped bit in the header': () => flipped(archive, 60),
    'a flipped bit in the last chunk': () => flipped(archive, archive.length - 3),
    'a cut in the middle of a chunk': () => archive.subarray(0, archive.length - 1000),
    'a cut between two chunks': () => archive.subarray(0, head() + 20 * CHUNK),
    'two chunks in another order': () =>
      Buffer.concat([
        archive.subarray(0, head()),
        archive.subarray(head() + CHUNK, head() + 2 * CHUNK),
        archive.subarray(head(), head() + CHUNK),
        archive.subarray(head() + 2 * CHUNK),
      ]),
    'a chunk in the place of another': () =>
      Buffer.concat([
        archive.subarray(0, head() + 5 * CHUNK),
        archive.subarray(head(), head() + CHUNK),
        archive.subarray(head() + 6 * CHUNK),
      ]),
    'more bytes at the end': () => Buffer.concat([archive, archive.subarray(-100)]),
    'an empty file': () => Buffer.alloc(0),
  };

  it.each(Object.keys(cases))('%s is found with a key, and without', async (name) => {
    writeFileSync(join(here, `${id}.tar.gz.age`), cases[name]?.() ?? '');
    const outcomes: Outcome[] = [];
    for (const more of [[], ['--identity', key]]) {
      outcomes.push(await run(['backup', 'verify', `${here}/${id}`, ...more]));
    }
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([5, 5]);
  });

  it('a changed sidecar is found, and no incremental is built on it: a full is made', async () => {
    state('damage');
    writeFileSync(join(here, `${id}.index.age`), flipped(sidecar, sidecar.length - 900));
    for (const more of [[], ['--identity', key]]) {
      const { exitCode, stdout } = await run(['backup', 'verify', `${here}/${id}`, ...more]);
      expect(exitCode).toBe(5);
      expect(stdout).toContain('.index.age');
    }
    const args = ['backup', 'incremental', here, '--bucket', source, '--recipient', recipient];
    expect(await run([...args, '--parent', id])).toMatchObject({ exitCode: 8 });
    const made = await runJson<Summary>(args);
    expect({ exitCode: made.exitCode, type: made.answer.type }).toEqual({
      ...{ exitCode: 0, type: 'full' },
    });
    expect(made.stderr).toContain(`${id} cannot be the parent: the SHA-256 of ${id}.index.age`);
  });

  it('a sidecar that is missing or cut off is a finding, also of a quick check', async () => {
    state('damage');
    const path = join(here, `${id}.index.age`);
    for (const spoil of [() => rmSync(path), () => writeFileSync(path, sidecar.subarray(0, 900))]) {
      spoil();
      for (const more of [[], ['--quick'], ['--quick', '--identity', key]]) {
        const args = ['backup', 'verify', `${here}/${id}`, ...more];
        const { exitCode, answer } = await runJson<VerifyResult>(args);
        expect({ exitCode, status: answer.status }).toEqual({ exitCode: 5, status: 'incomplete' });
      }
    }
  });

  it('an archive whose summary has no record of it is not taken for one in plain text', async () => {
    state('damage');
    const path = join(here, `${id}.json`);
    const text = readFileSync(path);
    const decoded = decodeSummary(text);
    if (decoded.kind !== 'valid') throw new Error('the summary cannot be read');
    const { summary } = decoded;
    const forged = { ...summary, encryption: { ...summary.encryption, archives: {} } } as Summary;
    writeFileSync(path, encodeSummary(forged));
    writeFileSync(join(here, `${id}.tar.gz`), 'plain text');
    try {
      const { exitCode, stdout } = await run(['backup', 'verify', `${here}/${id}`]);
      expect(exitCode).toBe(5);
      expect(stdout).toContain(`it is encrypted, but has no record of ${id}`);
    } finally {
      rmSync(join(here, `${id}.tar.gz`));
      writeFileSync(path, text);
    }
  });

  it('the header of another file in the summary is a finding, also without a key', async () => {
    state('damage');
    const path = join(here, `${id}.json`);
    const text = readFileSync(path);
    const decoded = decodeSummary(text);
    if (decoded.kind !== 'valid') throw new Error('the summary cannot be read');
    const record = decoded.summary.encryption?.archives[id];
    if (record === undefined) throw new Error('it is not encrypted');
    record.header = record.index.header;
    writeFileSync(path, encodeSummary(decoded.summary));
    try {
      const { exitCode, stdout } = await run(['backup', 'verify', `${here}/${id}`]);
      expect(exitCode).toBe(5);
      expect(stdout).toContain('the summary has another header than');
    } finally {
      writeFileSync(path, text);
    }
  });

  it('a header that is none is a finding of verify', async () => {
    state('damage');
    const path = join(here, `${id}.json`);
    const text = readFileSync(path);
    const decoded = decodeSummary(text);
    if (decoded.kind !== 'valid') throw new Error('the summary cannot be read');
    const record = decoded.summary.encryption?.archives[id];
    if (record === undefined) throw new Error('it is not encrypted');
    record.header = record.index.header = Buffer.from('no header').toString('base64');
    writeFileSync(path, encodeSummary(decoded.summary));
    try {
      for (const more of [[], ['--quick'], ['--shard', '2/2'], ['--identity', key]]) {
        const args = ['backup', 'verify', `${here}/${id}`, ...more];
        const { exitCode, answer } = await runJson<VerifyResult>(args);
        expect({ exitCode, status: answer.status }).toEqual({ exitCode: 5, status: 'damaged' });
      }
    } finally {
      writeFileSync(path, text);
    }
  });
});

describe('settings', () => {
  const wrong: [string, Record<string, string>, string[]][] = [
    ['a recipient with a wrong letter', {}, ['--recipient', 'age1qqqqqq']],
    ['an empty recipient', {}, ['--recipient', '']],
    ['a secret key as the recipient', {}, ['--recipient', 'AGE-SECRET-KEY-1QQQ']],
    ['an SSH key', {}, ['--recipient', 'ssh-ed25519 AAAAC3Nz']],
    ['a file of recipients that is missing', {}, ['--recipient-file', '/nowhere/recipients']],
    ['a file without recipients', {}, ['--recipient-file', '/dev/null']],
    ['an empty variable', { BACKUP_AGE_RECIPIENTS: ' ' }, []],
    ['a variable with a slip', { BACKUP_AGE_RECIPIENT: 'age1x' }, []],
    ['a variable that is unknown', { BACKUP_ENCRYPTION_KEY: 'age1x' }, []],
    ['a flag with a slip', {}, ['--recipients', 'age1x']],
  ];

  it.each(wrong)('%s ends with 2, and nothing is written', async (_, settings, flags) => {
    const here = join(folder, `settings-${Math.random()}`);
    mkdirSync(here);
    const args = ['backup', 'full', here, '--bucket', source, ...flags];
    const { exitCode, stderr } = await run(args, { env: settings });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(readdirSync(here)).toEqual([]);
    expect(stderr).not.toContain('AGE-SECRET-KEY-1QQQ');
  });

  it('a state folder that cannot be written to costs a warning, and no backup', async () => {
    const home = state('unwritable');
    mkdirSync(join(home, 'mangamotion'), { recursive: true });
    writeFileSync(join(home, 'mangamotion', 'draft-keys'), '');
    const here = join(folder, 'unwritable');
    mkdirSync(here);
    const args = ['backup', 'full', here, '--bucket', source, '--recipient', recipient];
    const { exitCode, stderr } = await run(args);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('if this run is interrupted, the next one begins anew');
  });

  it.each([
    ['--recipient', 'age1x'],
    ['--recipient-file', '/dev/null'],
  ])('--no-encryption and %s contradict each other', async (...given) => {
    const args = ['backup', 'full', folder, '--bucket', source, '--no-encryption', ...given];
    const { exitCode, stderr } = await run(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`--no-encryption and ${given[0]} cannot be combined`);
  });

  it('plain folders and encryption together are refused', async () => {
    const here = join(folder, 'plain');
    mkdirSync(here);
    const args = ['backup', 'full', here, '--bucket', source, '--recipient', recipient];
    const outcome = await run(args, { env: { BACKUP_COMPRESSION: 'false' } });
    expect(outcome).toMatchObject({ exitCode: 2 });
    expect(readdirSync(here)).toEqual([]);
  });

  it('a key is never overwritten, and never shown', async () => {
    const before = readFileSync(key, 'utf8');
    const again = await run(['key', 'new', key]);
    expect(again).toMatchObject({ exitCode: 8 });
    expect(readFileSync(key, 'utf8')).toBe(before);
    const shown = await run(['key', 'show', key]);
    expect(shown).toMatchObject({ exitCode: 0, stdout: `${recipient}\n` });
  });
});
