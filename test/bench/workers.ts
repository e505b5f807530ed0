import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeAtExit } from '../helpers/child-processes.js';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median } from './processes.js';

const RUNS = 3;
const store = fileURLToPath(new URL('delayed-store.js', import.meta.url));

/** 600 MB in 2,000 objects; 30 ms before each answer, and 500 kB/s for each connection. */
const STORE = ['2000', '300000', '30', '500000'];

/** A full backup with 1, 2 and 4 workers, one after the other in each round. */
export async function measureWorkers(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-workers-'));
  removeAtExit(folder);
  const server = spawn(process.execPath, [store, ...STORE], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const env = {
      ...process.env,
      ...{ MINIO_ENDPOINT: line.toString().trim(), XDG_STATE_HOME: join(folder, 'state') },
      ...{ MINIO_ACCESS_KEY: 'bench', MINIO_SECRET_KEY: 'bench' },
    };
    const runs = new Map<number, Timed[]>([1, 2, 4].map((workers) => [workers, []]));
    for (let round = 0; round < RUNS; round++) {
      for (const [workers, made] of runs) made.push(await backUp(env, folder, workers));
    }
    const of = (workers: number) => runs.get(workers) ?? [];
    const seconds = (workers: number) => median(of(workers).map((one) => one.seconds));
    return [
      ratio('`backup full --workers 1` : `--workers 4`', seconds(1) / seconds(4), '≥ 3.5'),
      ratio('`backup full --workers 1` : `--workers 2`', seconds(1) / seconds(2), ''),
      ...[1, 2, 4].map((n) =>
        megabytes(`peak memory with ${n === 1 ? '1 worker' : `${n} workers`}`, of(n), ''),
      ),
    ];
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function backUp(env: NodeJS.ProcessEnv, folder: string, workers: number): Promise<Timed> {
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  const args = ['backup', 'full', backups, '--bucket', 'far', '--quiet', '--no-prune'];
  const made = await mangamotion(env, ...args, '--workers', String(workers));
  rmSync(backups, { recursive: true });
  return made;
}
