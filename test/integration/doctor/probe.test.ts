import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeOwner } from '../../../src/lock/owner.js';
import { Deployment } from '../../helpers/deployment.js';
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

describe('doctor --probe', () => {
  it('finds out what the server does, keeps it, and leaves no trace', async () => {
    const before = await probeBuckets();
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
    expect((await probeBuckets()).filter((name) => !before.includes(name))).toEqual([]);
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
        // It ignores start-after, forgets tags and user metadata, and takes no backslash.
        request.query.delete('start-after');
        delete request.headers['x-amz-meta-plain'];
        if (request.operation === 'GetObjectTagging') {
          const body = Buffer.from('<Tagging><TagSet></TagSet></Tagging>');
          return { status: 200, headers: { 'content-type': 'application/xml' }, body };
        }
        return await next(request);
      },
    });
    const { checks } = await probe();
    const statusOf = (name: string) => checks.find((one) => one.name === name)?.status;
    expect(statusOf('probe.start-after')).toBe('warning');
    expect(statusOf('probe.metadata')).toBe('warning');
    expect(statusOf('probe.tags')).toBe('warning');
    expect(journal()).toEqual([]);
  });

  it('a listing that ends early is a failure', async () => {
    d.storeProxy.be({
      entries: (all, bucket) =>
        bucket.startsWith('mangamotion-probe-') ? all.filter(({ key }) => key !== 'list/e') : all,
    });
    const { checks, exitCode } = await probe();
    expect(checks.find(({ name }) => name === 'probe.listing')).toMatchObject({
      status: 'failure',
    });
    expect(exitCode).toBe(5);
    // The listing hides an object from the removal too: the bucket stays in the journal.
    d.answerStore(() => undefined);
    await probe();
    expect(await probeBuckets()).toEqual([]);
  });

  it('does not run with DRY_RUN', async () => {
    const { exitCode, stderr } = await d.doctor({ env: { DRY_RUN: 'true' } }, '--probe');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('DRY_RUN is set, but --probe has no dry run');
  });
});
