import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeAtExit } from '../helpers/child-processes.js';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median } from './processes.js';

const RUNS = 3;
const store = fileURLToPath(new URL('delayed-store.js', import.meta.url));

/** A store of equal objects of 300 kB that is far away: 30 ms before each answer. */
export interface FarStore {
  objects: number;
  /** For each connection. */
  bytesPerSecond: number;
}

const FULL: FarStore = { objects: 2000, bytesPerSecond: 500_000 };
/** At half of that, one worker would read the archive for minutes. */
const BACK: FarStore = { objects: 2000, bytesPerSecond: 1_000_000 };

/** A full backup with 1, 2 and 4 workers. */
export async function measureWorkers(): Promise<Row[]> {
  return await withStore(FULL, measureBackups);
}

/** Its archive, which lies at such a store, is verified and restored, with 1 and with 4 workers. */
export async function measureWorkersBack(): Promise<Row[]> {
  return await withStore(BACK, async (env, backups) => {
    await backUp(env, backups, 4);
    return await measureBack(env, newestIn(backups));
  });
}

/** Works with a store that also holds what lies in the folder `backups`, as the bucket `archives`. */
export async function withStore<T>(
  { objects, bytesPerSecond }: FarStore,
  work: (env: NodeJS.ProcessEnv, backups: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-workers-'));
  removeAtExit(folder);
  const backups = join(folder, 'backups');
  const args = [store, String(objects), '300000', '30', String(bytesPerSecond), backups];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const endpoint = line.toString().trim();
    const env = {
      ...process.env,
      ...{ MINIO_ENDPOINT: endpoint, MINIO_ACCESS_KEY: 'bench', MINIO_SECRET_KEY: 'bench' },
      ...{ BACKUP_S3_ENDPOINT: endpoint, BACKUP_S3_REGION: 'us-east-1' },
      ...{ BACKUP_S3_ACCESS_KEY: 'bench', BACKUP_S3_SECRET_KEY: 'bench' },
      XDG_STATE_HOME: join(folder, 'state'),
    };
    return await work(env, backups);
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureBackups(env: NodeJS.ProcessEnv, backups: string): Promise<Row[]> {
  const runs = await inRounds([1, 2, 4], async (workers) => {
    const made = await backUp(env, backups, workers);
    rmSync(backups, { recursive: true });
    return made;
  });
  return [
    ratio('`backup full --workers 1` : `--workers 4`', runs.seconds(1) / runs.seconds(4), '≥ 3.5'),
    ratio('`backup full --workers 1` : `--workers 2`', runs.seconds(1) / runs.seconds(2), ''),
    ...[1, 2, 4].map((n) =>
      megabytes(`peak memory with ${n === 1 ? '1 worker' : `${n} workers`}`, runs.of(n), ''),
    ),
  ];
}

async function measureBack(env: NodeJS.ProcessEnv, id: string): Promise<Row[]> {
  const backup = `s3://archives/${id}`;
  let targets = 0;
  const verifies = await inRounds([1, 4], (workers) =>
    mangamotion(env, 'backup', 'verify', backup, '--quiet', '--workers', String(workers)),
  );
  const restores = await inRounds([1, 4], (workers) => {
    const into = ['--as', `far=back-${targets++}`, '--workers', String(workers)];
    return mangamotion(env, 'restore', backup, '--quiet', ...into);
  });
  return (
    [
      ['backup verify', verifies],
      ['restore', restores],
    ] as const
  ).flatMap(([command, runs]) => [
    ratio(`\`${command} --workers 1\` : \`--workers 4\``, runs.seconds(1) / runs.seconds(4), '≥ 3'),
    megabytes(`peak memory of \`${command}\` with 1 worker`, runs.of(1), ''),
    megabytes(`peak memory of \`${command}\` with 4 workers`, runs.of(4), ''),
  ]);
}

/** One after the other in each round, so that a slow moment of the machine meets all of them. */
export async function inRounds(
  counts: readonly number[],
  run: (workers: number) => Promise<Timed>,
): Promise<{ of: (workers: number) => Timed[]; seconds: (workers: number) => number }> {
  const runs = new Map<number, Timed[]>(counts.map((workers) => [workers, []]));
  for (let round = 0; round < RUNS; round++) {
    for (const [workers, made] of runs) made.push(await run(workers));
  }
  const of = (workers: number) => runs.get(workers) ?? [];
  return { of, seconds: (workers) => median(of(workers).map((one) => one.seconds)) };
}

async function backUp(env: NodeJS.ProcessEnv, backups: string, workers: number): Promise<Timed> {
  mkdirSync(backups);
  const args = ['backup', 'full', backups, '--bucket', 'far', '--quiet', '--no-prune'];
  return await mangamotion(env, ...args, '--workers', String(workers));
}

export function newestIn(backups: string): string {
  const summary = readdirSync(backups).find((name) => name.endsWith('.json')) ?? '';
  return summary.slice(0, -'.json'.length);
}
