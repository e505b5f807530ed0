import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDestination } from '../../src/repository/locate.js';
import type { Destination } from '../../src/repository/destination.js';
import { backupIdFor, partIdFor } from '../../src/repository/names.js';
import { type RunPlan, newToken } from '../../src/repository/runs/run-plan.js';
import { writePlan } from '../../src/repository/runs/runs.js';
import { SUMMARY_VERSION } from '../../src/repository/summary.js';
import { readVersion } from '../../src/cli/argv/version.js';
import { hastyClock } from '../helpers/backups.js';
import { removeAtExit } from '../helpers/child-processes.js';
import { summaryOf } from '../helpers/summaries.js';
import { type Row, megabytes } from './measurements.js';
import { mangamotion } from './processes.js';

const OBJECTS = 1_000_000;
const PARTS = 16;
const BUCKET = 'far';
const AT = new Date('2026-01-01T00:00:00.000Z');
const store = fileURLToPath(new URL('delayed-store.js', import.meta.url));
const keyOf = (i: number): string => `jobs/${String(i).padStart(8, '0')}/result.png`;

/** The head of a run whose 16 parts hold 1,000,000 empty objects. */
export async function measureHead(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-head-'));
  removeAtExit(folder);
  const server = spawn(process.execPath, [store, '1', '1', '0', '100000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const endpoint = line.toString().trim();
    const plan = planFor(endpoint);
    const destination = await openDestination(folder);
    await writePlan(destination, plan);
    for (const number of plan.shards.keys()) await writePart(destination, plan, number);
    const env = {
      ...process.env,
      ...{ MINIO_ENDPOINT: endpoint, XDG_STATE_HOME: join(folder, 'state') },
      ...{ MINIO_ACCESS_KEY: 'bench', MINIO_SECRET_KEY: 'bench' },
    };
    const args = ['backup', 'full', folder, '--bucket', BUCKET, '--quiet', '--no-prune'];
    const made = await mangamotion(env, ...args, '--run', 'bench', '--head');
    return [
      {
        what: `the head of ${OBJECTS.toLocaleString('en-US')} objects in ${PARTS} parts`,
        value: `${made.seconds.toFixed(1)} s`,
        bound: '≤ 60 s',
      },
      megabytes('its peak memory', [made], '≤ 250 MB'),
    ];
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function planFor(endpoint: string): RunPlan {
  const last = (number: number): string => keyOf(((number + 1) * OBJECTS) / PARTS - 1);
  return {
    ...{ format: 1, run: backupIdFor('full', AT), token: newToken(), name: 'bench', type: 'full' },
    ...{ tool: `mangamotion ${readVersion()}`, created_at: AT.toISOString() },
    source: { endpoint, buckets: [BUCKET], excluded_buckets: [] },
    ...{ earlier: null, last_trusted: null, refresh_metadata: false, acls: false, lockable: [] },
    ...{ recipients: [], host_recipient: null, lock: null },
    shards: Array.from({ length: PARTS }, (_, number) => ({
      range: {
        bucket: BUCKET,
        after: number === 0 ? null : last(number - 1),
        through: number === PARTS - 1 ? null : last(number),
      },
    })),
  };
}

async function writePart(destination: Destination, plan: RunPlan, number: number): Promise<void> {
  const id = partIdFor(plan.run, number, '00000000');
  const reserved = { id, createdAt: AT };
  const pending = await destination.beginAs(reserved, hastyClock(AT));
  const sha256 = createHash('sha256').digest('hex');
  const etag = createHash('md5').digest('hex');
  const objects = OBJECTS / PARTS;
  for (let i = number * objects; i < (number + 1) * objects; i++) {
    const record = { bucket: BUCKET, key: keyOf(i), size: 0, etag, sha256 };
    await pending.writer.addWholeObject({ ...record, last_modified: AT.toISOString() }, []);
  }
  const bucket = { name: BUCKET, created_at: null, region: null };
  const written = await pending.writer.finish([bucket]);
  const sealed = await pending.seal();
  const summary = summaryOf({ at: AT.toISOString(), sequence: 0 });
  const { range } = plan.shards[number] ?? {
    range: { bucket: BUCKET, after: null, through: null },
  };
  await pending.commit({
    ...summary,
    ...{ format: SUMMARY_VERSION, id, destination: destination.location, buckets: written.buckets },
    objects: { ...summary.objects, total: objects, captured: objects },
    archive_bytes: sealed.bytes,
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    shard: { run: plan.run, token: plan.token, number, range, changes: [], leaves_gap: false },
  });
}
