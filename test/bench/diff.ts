import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median, timed } from './processes.js';

const RUNS = 5;
const OBJECTS = 1_000_000;
const CHANGED = 100;
const synthetic = fileURLToPath(new URL('diff-synthetic.js', import.meta.url));
const bareLoop = fileURLToPath(new URL('diff-bare.js', import.meta.url));

/** Two backups of many objects, few of which have changed: as parent and child, and as two full ones. */
export async function measureDiff(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-bench-diff-'));
  try {
    const made = await timed(process.execPath, [
      synthetic,
      folder,
      String(OBJECTS),
      String(CHANGED),
    ]);
    const [full = '', incremental = '', again = ''] = JSON.parse(made.stdout) as string[];
    return [
      ...(await measurePair(folder, [full, incremental], 'a full backup and its incremental')),
      ...(await measurePair(folder, [full, again], 'two full backups')),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measurePair(
  folder: string,
  [before, after]: readonly [string, string],
  what: string,
): Promise<Row[]> {
  const diffs: Timed[] = [];
  const bare: Timed[] = [];
  for (let run = 0; run < RUNS; run++) {
    const args = ['backup', 'diff', before, after, folder, '--json', '--quiet'];
    const diff = await mangamotion(process.env, ...args);
    const { total } = JSON.parse(diff.stdout) as { total: { differences: number } };
    if (total.differences !== CHANGED) throw new Error(`${total.differences} differences`);
    diffs.push(diff);
    bare.push(await timed(process.execPath, [bareLoop, folder, before, after]));
  }
  const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
  const pair = `\`backup diff\` of ${what}, 1,000,000 objects, 100 changes`;
  return [
    ratio(`${pair} : inflating and comparing their lines`, seconds(diffs) / seconds(bare), '≤ 2.0'),
    { what: 'the same', value: `${seconds(diffs).toFixed(1)} s`, bound: '≤ 5 s' },
    megabytes('peak memory of it', diffs, '< 200 MB'),
  ];
}
