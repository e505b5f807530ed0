import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startChild } from '../../../src/schedule/run/child.js';
import type { ScheduledEntry } from '../../../src/schedule/crontab/entry.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { rounds } from '../../helpers/rounds.js';
import { mountSmallDisk } from '../../helpers/small-disk.js';
import { entriesOf } from '../../unit/schedule/engine/fake-world.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const MIB = 1024 * 1024;
let files = 0;

/** A child that is a script, as if it were the command of an entry. */
async function begin(
  script: string,
  { killAfterMs = 60_000, ...options }: Partial<ScheduledEntry> & { killAfterMs?: number } = {},
  file?: string,
) {
  const [entry] = entriesOf('# name=it\n0 0 * * * backup full /mnt/backup');
  const lines: string[] = [];
  const logFile = file ?? join(folder, `${++files}.log`);
  const tell = (_fields: object, message: string) => lines.push(message);
  const child = await startChild({ ...entry!, ...options }, logFile, {
    program: [process.execPath, '-e', script, '--'],
    ...{ cwd: folder, killAfterMs, log: { info: tell, warn: tell, error: tell } },
  });
  return { child, lines, logFile };
}

describe('a run', () => {
  it('has its output in its log, and that of stderr in the log of the daemon', async () => {
    const { child, lines, logFile } = await begin(
      'console.error("a warning"); console.log(JSON.stringify({ bytes: 12, archive_bytes: 3 }))',
    );
    expect(await child.ended).toEqual({ exit_code: 0, reason: null, bytes: 12, archive_bytes: 3 });
    expect(lines).toEqual(['a warning']);
    expect(readFileSync(logFile, 'utf8')).toContain('"archive_bytes":3');
  });

  it('that fails tells why, as its answer has it', async () => {
    const { child } = await begin(
      'console.log(JSON.stringify({ error: { code: "locked", message: "it is locked" } })); process.exit(7)',
    );
    expect(await child.ended).toMatchObject({ exit_code: 7, reason: 'it is locked', bytes: null });
  });

  it('is asked for JSON, unless its entry says how it answers', async () => {
    const script = 'console.log(process.argv.join(" "))';
    const asked = await begin(script);
    await asked.child.ended;
    expect(readFileSync(asked.logFile, 'utf8')).toContain('--json backup full /mnt/backup');
    const own = await begin(script, { argv: ['billing', 'all-users', '--csv'] });
    await own.child.ended;
    expect(own.lines.join()).toMatch(/ billing all-users --csv$/);
  });

  it('that ignores SIGTERM is killed, with all that it began', async () => {
    const pidFile = join(folder, 'grandchild');
    const { child } = await begin(
      `process.on("SIGTERM", () => {});
       const { pid } = require("child_process").spawn("sleep", ["600"], { stdio: "inherit" });
       require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(pid));
       setInterval(() => {}, 1000)`,
      { killAfterMs: 300 },
    );
    while (!existsSync(pidFile)) await new Promise((resolve) => setTimeout(resolve, 20));
    child.end('the test is over');
    expect(await child.ended).toMatchObject({
      exit_code: null,
      reason: 'the test is over, and did not end when it was signalled',
    });
    const grandchild = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => existsSync(`/proc/${grandchild}/fd/1`), { timeout: 5000 }).toBe(false);
  });

  it('that takes longer than its timeout is ended', async () => {
    const { child } = await begin('setInterval(() => {}, 1000)', { timeoutMs: 300 });
    expect(await child.ended).toMatchObject({ reason: 'it took longer than its timeout' });
  });

  it('that a signal ends says which', async () => {
    const { child } = await begin('process.kill(process.pid, "SIGKILL")');
    expect(await child.ended).toMatchObject({
      exit_code: null,
      reason: 'a signal ended it (SIGKILL)',
    });
  });

  // A megabyte each.
  const blocks = rounds({ sample: 200, all: 1000 });
  it(`that prints ${blocks} MB costs little memory and little disk, and few lines`, async () => {
    const before = process.memoryUsage().rss;
    const { child, lines, logFile } = await begin(
      `const line = "x".repeat(99) + "\\n"; const block = line.repeat(10000);
       let left = ${blocks};
       const more = () => { while (left-- > 0) if (!process.stderr.write(block)) return process.stderr.once("drain", more); };
       more()`,
    );
    expect(await child.ended).toMatchObject({ exit_code: 0 });
    expect(lines).toHaveLength(1001);
    expect(statSync(logFile).size + statSync(`${logFile}.1`).size).toBeLessThan(20 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
  }, 240_000);

  it('whose log meets a full disk comes to its end all the same, which is told', async () => {
    const disk = mountSmallDisk(MIB);
    if (disk === undefined) throw new Error('this test mounts a disk: run it as root');
    try {
      const { child, lines } = await begin(
        'process.stderr.write("y".repeat(3e6) + "\\n", () => process.exit(0))',
        {},
        join(disk.folder, 'runs', 'it.log'),
      );
      expect(await child.ended).toMatchObject({ exit_code: 0 });
      expect(lines).toContain('the log of the run could not be written');
    } finally {
      disk.unmount();
    }
  });

  it('that cannot be begun has ended, and tells why', async () => {
    const [entry] = entriesOf('0 0 * * * backup full /mnt/backup');
    const tell = () => undefined;
    const child = await startChild(entry!, join(folder, 'none.log'), {
      program: [join(folder, 'no-such-program')],
      ...{ cwd: folder, log: { info: tell, warn: tell, error: tell } },
    });
    const end = await child.ended;
    expect(end.exit_code).toBeNull();
    expect(end.reason).toMatch(/^it could not be started: .*ENOENT/);
    child.end('too late');
  });
});
