import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeOwner } from '../../../src/lock/owner.js';
import { Deployment, s3Error, xmlAnswer } from '../../helpers/deployment.js';
import type { Entry } from '../../helpers/odd-listing.js';
import type { Summary } from '../../../src/repository/summary.js';
import type { RestorePlan, RestoreReport } from '../../../src/restore/report.js';
import { runHere } from '../../helpers/in-process.js';
import { contentOf } from '../../helpers/test-store.js';

let d: Deployment;
beforeAll(async () => {
  d = await Deployment.start();
});
beforeEach(() => d.heal());
afterAll(() => d.stop());

const probe = (env: Record<string, string> = {}) => d.report({ env, args: ['backups', '--probe'] });

async function probeBuckets(): Promise<string[]> {
  const buckets = await d.store.listBuckets();
  return buckets.map(({ name }) => name).filter((name) => name.startsWith('mangamotion-probe-'));
}

function journal(): string[] {
  const folder = join(d.path('state'), 'doctor-probes');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What a dead probe leaves: an entry of the journal, by a process that there is no more. */
async function deadEntry(endpoint: string): Promise<{ bucket: string; token: string }> {
  const bucket = `mangamotion-probe-${randomBytes(16).toString('hex')}`;
  const token = randomBytes(16).toString('hex');
  const owner = await describeOwner('doctor --probe');
  if (owner.process !== null) owner.process.startTicks = '1';
  const at = new Date().toISOString();
  mkdirSync(join(d.path('state'), 'doctor-probes'), { recursive: true });
  const file = join(d.path('state'), 'doctor-probes', `${bucket}.json`);
  writeFileSync(file, JSON.stringify({ endpoint, bucket, token, at, owner }));
  return { bucket, token };
}

const isAboutLock = (headers: Readonly<Record<string, string>>) =>
  headers['x-amz-bucket-object-lock-enabled'] !== undefined;

describe('doctor --probe', () => {
  it('finds out what the server does, keeps it, and leaves no trace', async () => {
    const { checks } = await probe(d.ownStore);
    const found = checks.filter(({ name }) => name.startsWith('probe.'));
    expect(found.map(({ name }) => name)).toEqual(
      [
        'listing',
        'last-page',
        'start-after',
        'metadata',
        'tags',
        'checksums',
        'keys',
        'times',
        'lock',
        'traces',
      ].map((name) => `probe.${name}`),
    );
    expect(found.filter(({ status }) => status === 'failure')).toEqual([]);
    expect(found.find(({ name }) => name === 'probe.traces')?.message).toBe('nothing is left');
    expect(journal()).toEqual([]);
    const kept = JSON.parse(readFileSync(join(d.path('state'), 'servers.json'), 'utf8')) as {
      servers: Record<string, object>;
    };
    expect(kept.servers[d.ownStore.MINIO_ENDPOINT ?? '']).toMatchObject({
      listing: 'complete',
      metadata: 'kept',
    });
  });

  it('removes what a dead probe made, and nothing else', async () => {
    const endpoint = d.ownStore.MINIO_ENDPOINT ?? '';
    const [made, unmarked, foreign, unborn] = [
      await deadEntry(endpoint),
      await deadEntry(endpoint),
      await deadEntry(endpoint),
      await deadEntry(endpoint),
    ];
    for (const { bucket } of [made, unmarked, foreign]) await d.store.createBucket(bucket);
    await d.store.putObject(made.bucket, 'mangamotion-probe', contentOf(made.token));
    await d.store.putObject(made.bucket, 'list/a', contentOf('x'));
    // Somebody else made a bucket of that name.
    await d.store.putObject(foreign.bucket, 'precious', contentOf('x'));
    const other = `mangamotion-probe-${randomBytes(16).toString('hex')}`;
    await d.store.createBucket(other);
    const { checks } = await probe(d.ownStore);
    const left = await probeBuckets();
    for (const gone of [made, unmarked, unborn]) expect(left).not.toContain(gone.bucket);
    expect(left).toEqual(expect.arrayContaining([foreign.bucket, other]));
    expect((await d.store.listPage(foreign.bucket)).objects).toHaveLength(1);
    expect(checks.find(({ name }) => name === 'probe.traces')).toMatchObject({
      status: 'warning',
      message: `the bucket ${foreign.bucket} could not be removed: it holds what no probe has put there`,
    });
    await d.store.deleteObject(foreign.bucket, 'precious');
    for (const bucket of [foreign.bucket, other]) await d.store.deleteBucket(bucket);
  });

  it('names what an odd server does', async () => {
    d.storeProxy.be({
      handle: async (request, next) => {
        // It ignores start-after, and forgets tags and user metadata.
        request.query.delete('start-after');
        delete request.headers['x-amz-meta-plain'];
        if (isAboutLock(request.headers)) return s3Error(501, 'NotImplemented');
        if (request.operation === 'GetObjectTagging')
          return xmlAnswer(200, '<Tagging><TagSet></TagSet></Tagging>');
        return await next(request);
      },
    });
    const { checks } = await probe();
    const statusOf = (name: string) => checks.find((one) => one.name === name)?.status;
    expect(statusOf('probe.start-after')).toBe('warning');
    expect(statusOf('probe.metadata')).toBe('warning');
    expect(statusOf('probe.tags')).toBe('warning');
    expect(statusOf('probe.lock')).toBe('skipped');
    expect(journal()).toEqual([]);
  });

  it.each([
    [
      'ends early',
      'probe.listing',
      'failure',
      (entries: Entry[]) => entries.filter(({ key }) => key !== 'list/e'),
    ],
    [
      'goes on with the key itself',
      'probe.start-after',
      'warning',
      (entries: Entry[], after: string | undefined) =>
        after === 'list/b' ? [{ ...entries[0]!, key: 'list/b' }, ...entries] : entries,
    ],
  ] as const)('a listing that %s', async (_what, check, status, entriesOf) => {
    d.storeProxy.be({
      handle: async (request, next) => {
        if (isAboutLock(request.headers)) return s3Error(501, 'NotImplemented');
        const answer = await next(request);
        // The listings by which the bucket is emptied have no prefix.
        if (request.query.get('prefix') === 'list/' && answer.page !== undefined)
          answer.page.entries = entriesOf(answer.page.entries, request.query.get('start-after'));
        return answer;
      },
    });
    const { checks } = await probe();
    expect(checks.find(({ name }) => name === check)).toMatchObject({ status });
    expect(journal()).toEqual([]);
  });

  it('a page that differs when it is requested once more', async () => {
    const seen = new Set<string>();
    d.storeProxy.be({
      handle: async (request, next) => {
        if (isAboutLock(request.headers)) return s3Error(501, 'NotImplemented');
        const answer = await next(request);
        const token = request.query.get('continuation-token');
        const isAgain = token !== undefined && seen.has(token);
        if (token !== undefined) seen.add(token);
        if (isAgain && answer.page !== undefined) answer.page.entries = [];
        return answer;
      },
    });
    const { checks } = await probe();
    expect(checks.find(({ name }) => name === 'probe.last-page')).toMatchObject({
      status: 'warning',
    });
  });

  it('and what was found is used by a backup and by a restore', async () => {
    const state = d.path('state-of-user');
    mkdirSync(join(state, 'mangamotion'), { recursive: true });
    vi.stubEnv('XDG_STATE_HOME', state);
    try {
      const endpoint = d.ownStore.MINIO_ENDPOINT ?? '';
      const found = {
        probed_at: new Date().toISOString(),
        listing: 'ends_early',
        metadata: 'changed',
      };
      writeFileSync(
        join(state, 'mangamotion', 'servers.json'),
        JSON.stringify({ version: 1, servers: { [endpoint]: found } }),
      );
      const attributes = { metadata: { title: 'x' } };
      await d.store.putObject(d.bucket, 'with', contentOf('x'), { attributes });
      mkdirSync(d.path('used'));
      const env = { ...d.env, ...d.ownStore };
      const args = ['backup', 'full', d.path('used'), '--bucket', d.bucket, '--json'];
      const { notices, id } = JSON.parse((await runHere(args, { env })).stdout) as Summary;
      expect(notices.join()).toMatch(
        /doctor --probe tried this server on .*: its listings end early/,
      );
      await d.store.deleteObject(d.bucket, 'with');
      const restore = ['restore', join(d.path('used'), id), '--dry-run', '--json'];
      const { problems } = JSON.parse((await runHere(restore, { env })).stdout) as RestorePlan;
      expect(problems.join()).toMatch(
        /headers and metadata of 1 object of .*gives them back changed/,
      );
      // A real run is told so before it writes, and afterwards by what the server answers.
      const { stderr, stdout } = await runHere([...restore.slice(0, 2), '--json', '--yes'], {
        env,
      });
      expect(stderr).toContain('gives them back changed');
      expect((JSON.parse(stdout) as RestoreReport).problems).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('does not run with DRY_RUN', async () => {
    const { exitCode, stderr } = await d.doctor({ env: { DRY_RUN: 'true' } }, '--probe');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('DRY_RUN is set, but --probe has no dry run');
  });
});
