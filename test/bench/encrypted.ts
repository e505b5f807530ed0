import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mangamotion, median, type Timed } from './processes.js';
import type { Bench } from './main.js';
import { type Row, megabytes, ratio } from './measurements.js';

const RUNS = 5;

/** A full backup into a folder, encrypted and not, one after the other in each round. */
export async function measureEncrypted(bench: Bench, bucket: string): Promise<Row[]> {
  const key = join(bench.folder, 'key');
  const env = { ...bench.env, XDG_STATE_HOME: join(bench.folder, 'state') };
  const { stdout } = await mangamotion(env, 'key', 'new', key, '--json');
  const { recipient } = JSON.parse(stdout) as { recipient: string };
  await mangamotion(env, 'key', 'new', '--host');
  const plain: Timed[] = [];
  const encrypted: Timed[] = [];
  for (let run = 0; run < RUNS; run++) {
    plain.push(await backUp(bench, bucket, env));
    encrypted.push(await backUp(bench, bucket, { ...env, BACKUP_AGE_RECIPIENTS: recipient }));
  }
  const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
  return [
    ratio(
      '`backup full`, encrypted : not encrypted, 1.1 GB',
      seconds(encrypted) / seconds(plain),
      '≤ 1.1',
    ),
    megabytes('peak memory of `backup full`, encrypted', encrypted),
  ];
}

async function backUp({ folder }: Bench, bucket: string, env: NodeJS.ProcessEnv): Promise<Timed> {
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  const made = await mangamotion(env, 'backup', 'full', backups, '--bucket', bucket, '--quiet');
  rmSync(backups, { recursive: true });
  return made;
}
