import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SECRET_VARIABLES } from '../../../src/config/variables.js';
import type { HookRequest } from '../../../src/schedule/notify/hooks.js';
import { runHook } from '../../../src/schedule/notify/hooks.js';
import { keepingLog, recordOf } from '../../unit/schedule/notify/kept-log.js';
import type { Listener } from './listener.js';
import { startListener } from './listener.js';

const FOREVER_MS = 600_000;
const failed = recordOf({ exit_code: 6, reason: 'the store does not answer', bytes: null });

let folder: string;
let listener: Listener;
let kept: ReturnType<typeof keepingLog>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-hooks-'));
  listener = await startListener();
  kept = keepingLog();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await listener.close();
  await rm(folder, { recursive: true });
});

async function run(hook: string, given: Partial<HookRequest> = {}) {
  await runHook({
    ...{ hook, record: failed, logTail: 'last line', cwd: folder, log: kept.log, passEnv: [] },
    signal: new AbortController().signal,
    timing: {
      ...{ commandMs: FOREVER_MS, graceMs: 20_000 },
      send: { timeoutMs: FOREVER_MS, pausesMs: [1, 1] },
    },
    ...given,
  });
  const [told, ...more] = kept.told.splice(0);
  expect(more).toEqual([]);
  return told;
}

const written = (name: string) => readFile(path.join(folder, name), 'utf8');

/** One that has ended, and that nobody has asked for yet, is not alive. */
async function isAlive(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid.trim()}/stat`, 'utf8').catch(() => '');
  return /\) [^ZX]/.test(stat);
}

describe('a hook that is a command line', () => {
  it('is told of the run in its environment and on its stdin', async () => {
    const told = await run('env | grep ^MANGAMOTION_ | sort > env; cat > record.json; pwd > cwd');
    expect(told).toMatchObject({ level: 'info', message: 'a hook was run' });
    expect(await written('env')).toBe(
      [
        'MANGAMOTION_DUE_AT=2026-11-24T02:00:00.000Z',
        'MANGAMOTION_ENTRY=daily',
        'MANGAMOTION_EXIT_CODE=6',
        'MANGAMOTION_FINISHED_AT=2026-11-24T02:03:01.500Z',
        'MANGAMOTION_LOG_FILE=logs/daily.log',
        'MANGAMOTION_REASON=the store does not answer',
        'MANGAMOTION_RESULT=run',
        'MANGAMOTION_STARTED_AT=2026-11-24T02:00:01.000Z',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(await written('record.json'))).toEqual({ ...failed, log_tail: 'last line' });
    expect(await written('cwd')).toBe(`${folder}\n`);
  });

  it('has empty variables for what there is not', async () => {
    const record = recordOf({
      exit_code: null,
      started_at: null,
      finished_at: null,
      log_file: null,
    });
    await run('env | grep ^MANGAMOTION_ > env; cat > record.json', { record, logTail: undefined });
    for (const name of ['EXIT_CODE', 'STARTED_AT', 'FINISHED_AT', 'LOG_FILE', 'REASON']) {
      expect((await written('env')).split('\n')).toContain(`MANGAMOTION_${name}=`);
    }
    expect(JSON.parse(await written('record.json'))).toMatchObject({ log_tail: null });
  });

  it('need not read what it is told', async () => {
    const logTail = 'x'.repeat(5_000_000);
    expect(await run('exit 0', { logTail })).toMatchObject({ message: 'a hook was run' });
    expect(await run('exec 0<&-; echo done', { logTail })).toMatchObject({
      fields: { output: 'done\n' },
      message: 'a hook was run',
    });
  });

  it('takes nothing of the record for words of the shell', async () => {
    const reason = '"; touch gotcha; $(touch gotcha) `touch gotcha` \'';
    await run('printf %s "$MANGAMOTION_REASON" > reason', { record: recordOf({ reason }) });
    expect(await written('reason')).toBe(reason);
    await expect(written('gotcha')).rejects.toThrow('ENOENT');
  });

  it.each([
    ['exit 3', 'a hook failed: exit status 3'],
    ['no-such-command-here', 'a hook failed: exit status 127'],
    ["'", 'a hook failed: exit status 2'],
    ['kill -9 $$', 'a hook failed: SIGKILL ended it'],
  ])('that fails (%s) is told to the log', async (hook, message) => {
    const fields = { entry: 'daily', run: failed.id, hook: 'command' };
    expect(await run(hook)).toMatchObject({ level: 'warn', fields, message });
  });

  it('that cannot be started is told to the log', async () => {
    const told = await run('true', { cwd: path.join(folder, 'gone') });
    expect(told).toMatchObject({ level: 'warn' });
    expect(told?.message).toMatch(/^a hook failed: it could not be started \(ENOENT\)$/);
  });

  it('is not told itself: it may hold a token', async () => {
    const told = await run('curl -H "Token: very-secret" 2> /dev/null; exit 3');
    expect(JSON.stringify(told)).not.toContain('very-secret');
  });
});

describe('the environment of a command', () => {
  const namesIn = async () =>
    (await written('names')).split('\n').map((line) => line.replace(/=.*$/, ''));

  it('is that of the daemon without our secrets', async () => {
    for (const name of SECRET_VARIABLES) vi.stubEnv(name, `very-secret-${name}`);
    vi.stubEnv('MINIO_ACCESS_KEY', 'backup');
    vi.stubEnv('SLACK_TOKEN', 'not ours');
    await run('env > names');
    const names = await namesIn();
    for (const name of SECRET_VARIABLES) expect(names).not.toContain(name);
    expect(names).toEqual(expect.arrayContaining(['PATH', 'MINIO_ACCESS_KEY', 'SLACK_TOKEN']));
    expect(await written('names')).not.toContain('very-secret');
  });

  it('has those of them that pass-env names', async () => {
    for (const name of SECRET_VARIABLES) vi.stubEnv(name, 'secret');
    await run('env > names', { passEnv: ['AWS_SECRET_ACCESS_KEY'] });
    const names = await namesIn();
    expect(SECRET_VARIABLES.filter((name) => names.includes(name))).toEqual([
      'AWS_SECRET_ACCESS_KEY',
    ]);
  });
});

describe('the output of a command', () => {
  it('goes to the log, of both streams', async () => {
    expect(await run('echo out; echo err >&2')).toMatchObject({
      fields: { output: expect.stringMatching(/^(out\nerr|err\nout)\n$/) as string },
    });
  });

  it('is no more than its last 4 KiB, cut between characters', async () => {
    const told = await run(
      `i=0; while [ $i -lt 3000 ]; do echo "€$i€€"; i=$((i+1)); done; head -c 2000000 /dev/zero | tr '\\0' x; echo; i=0; while [ $i -lt 1000 ]; do printf €; i=$((i+1)); done; printf '%01100d' 0`,
    );
    const { output } = told?.fields as { output: string };
    const bytes = Buffer.byteLength(output);
    expect(bytes).toBeGreaterThan(4096 - 3);
    expect(bytes).toBeLessThanOrEqual(4096);
    expect(output).not.toContain('\ufffd');
    expect(output.endsWith('€' + '0'.repeat(1100))).toBe(true);
  });

  it('holds no secret of the environment, also where the command has it', async () => {
    vi.stubEnv('MINIO_SECRET_KEY', 'very-secret-key');
    vi.stubEnv('PING_URL', 'https://hc-ping.com/very-secret-ping');
    const passEnv = ['MINIO_SECRET_KEY', 'PING_URL'];
    const told = await run('printf %s "$MINIO_SECRET_KEY" > key; env', { passEnv });
    expect(await written('key')).toBe('very-secret-key');
    expect(JSON.stringify(told)).toContain('MINIO_SECRET_KEY=[redacted]');
    expect(JSON.stringify(told)).not.toContain('very-secret');
  });

  it('is waited for where the command leaves somebody behind who writes it', async () => {
    expect(await run('(sleep 0.3; echo late) & echo first')).toMatchObject({
      fields: { output: 'first\nlate\n' },
    });
  });
});

describe('a command that does not end', () => {
  /** Long enough for a loaded machine to start the command, and what the command starts. */
  const soon = { commandMs: 3000, graceMs: 20_000 };
  const hurried = { ...soon, graceMs: 200 };

  it('is ended with all that it has started', async () => {
    const told = await run('sleep 600 & echo $! > pid; echo begun; sleep 600', { timing: soon });
    expect(told).toMatchObject({
      level: 'warn',
      fields: { output: 'begun\n' },
      message: 'a hook failed: it took longer than 3 s',
    });
    expect(await isAlive(await written('pid'))).toBe(false);
  });

  it('may say something at its end', async () => {
    const told = await run("trap 'echo cleaned; exit 0' TERM; sleep 600 & wait", { timing: soon });
    expect(told).toMatchObject({ level: 'warn', fields: { output: 'cleaned\n' } });
  });

  it('is killed where it does not listen, and who of its group does not', async () => {
    const told = await run(
      `trap '' TERM; sh -c 'while :; do sleep 0.1; done' > /dev/null 2>&1 & echo $! > pid; trap - TERM; sleep 600`,
      { timing: hurried },
    );
    expect(told?.message).toBe('a hook failed: it took longer than 3 s');
    await expect.poll(async () => isAlive(await written('pid'))).toBe(false);
  });

  it('holds nothing up where one of its own has left the group with its output', async () => {
    const told = await run('setsid sleep 600 & echo $! > pid; sleep 600', { timing: hurried });
    expect(told?.message).toBe('a hook failed: it took longer than 3 s');
    process.kill(Number(await written('pid')), 'SIGKILL');
  });

  it('is ended when the daemon ends, and none is begun then', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const running = run('echo $$ > pid; touch begun; sleep 600', { signal });
    await expect.poll(() => written('begun').catch(() => 'not yet')).toBe('');
    controller.abort();
    expect((await running)?.message).toBe('a hook failed: there was no time for it');
    expect(await isAlive(await written('pid'))).toBe(false);
    expect(await run('touch late', { signal })).toMatchObject({
      level: 'warn',
      message: 'a hook was not run: there was no time for it',
    });
    await expect(written('late')).rejects.toThrow('ENOENT');
  });

  it('is not in the group of the daemon', async () => {
    await run("sed 's/.*) //' /proc/$$/stat | cut -d' ' -f3 > group; echo $$ > pid");
    expect(await written('group')).toBe(await written('pid'));
  });
});

describe('a hook that is a URL', () => {
  it('is posted the record', async () => {
    const told = await run(`${listener.url}/very-secret?a=b`);
    expect(told).toMatchObject({
      level: 'info',
      fields: { entry: 'daily', run: failed.id, hook: 'url', to: listener.url },
    });
    expect(JSON.stringify(told)).not.toContain('very-secret');
    const [request, ...more] = listener.received;
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: 'POST', path: '/very-secret?a=b' });
    expect(request?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request?.body ?? '')).toEqual({ ...failed, log_tail: 'last line' });
  });

  it('is tried three times where its server fails', async () => {
    listener.react((_request, index) => (index === 0 ? 'break' : index === 1 ? 502 : 204));
    expect(await run(listener.url)).toMatchObject({ level: 'info' });
    expect(new Set(listener.received.map(({ body }) => body)).size).toBe(1);
    listener.react(() => 502);
    expect((await run(listener.url))?.message).toBe('a hook failed: the answer was 502');
    expect(listener.received).toHaveLength(6);
  });

  it('is not posted again where it is refused or moved', async () => {
    listener.react((_request, index) => (index === 0 ? 400 : 302));
    expect((await run(listener.url))?.message).toBe('a hook failed: the answer was 400');
    expect((await run(listener.url))?.message).toBe('a hook failed: the answer was 302');
    expect(listener.received).toHaveLength(2);
  });

  it('is given up when the daemon ends', async () => {
    const controller = new AbortController();
    listener.react(() => {
      setImmediate(() => controller.abort());
      return 'hang';
    });
    const told = await run(listener.url, { signal: controller.signal });
    expect(told?.message).toBe('a hook failed: there was no time for it');
  });

  it('that is no URL is told to the log', async () => {
    expect((await run('http://:99999/x'))?.message).toBe('a hook failed: its URL is not valid');
  });
});

describe('a hook', () => {
  it('is a command line also where a file has the name of a URL', async () => {
    await writeFile(path.join(folder, 'https.sh'), 'echo script');
    expect(await run('. ./https.sh')).toMatchObject({ fields: { output: 'script\n' } });
  });
});
