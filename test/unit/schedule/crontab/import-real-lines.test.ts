import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importCrontab } from '../../../../src/schedule/crontab/import.js';
import { splitWords } from '../../../../src/schedule/crontab/words.js';
import { removeAtExit } from '../../../helpers/child-processes.js';

/**
 * Lines as they are found in packages of Debian, in tutorials and in questions, with our script in the place
 * of theirs. What is imported must be what /bin/sh runs.
 */

const folder = mkdtempSync(join(tmpdir(), 'mangamotion-import-'));
afterAll(removeAtExit(folder));
const SCRIPT = join(folder, 'opt', 'backup-minio.sh');
const CALLS = join(folder, 'calls');

beforeAll(() => {
  mkdirSync(join(folder, 'opt'));
  const text = `#!/bin/sh\nprintf '%s\\0' "$PWD" "\${BACKUP_RETENTION_DAYS:-30}" "$@" >> ${CALLS}\n`;
  writeFileSync(SCRIPT, text);
  chmodSync(SCRIPT, 0o755);
});

const IMPORTED = [
  'nice -n 19 ionice -c2 -n7 /opt/backup-minio.sh full /b',
  'ionice -c 3 nice /opt/backup-minio.sh full /b > /dev/null',
  '/usr/bin/env bash /opt/backup-minio.sh full /b',
  "/usr/bin/flock -n /tmp/x.lock -c '/opt/backup-minio.sh incremental /b' >/dev/null 2>&1",
  '/opt/backup-minio.sh full /b >>/dev/null 2>&1 # daily backup',
  '/opt/backup-minio.sh full /b#x',
  `/opt/backup-minio.sh full "/b"'/c'\\ d`,
  '/opt/backup-minio.sh full /b 2>&1 >/dev/null',
  '"/opt/backup-minio.sh" "full" "/b"',
  "/opt/backup-minio.sh full '/b\\%c'",
  '/opt/backup-minio.sh full "/b\\"c"',
  '/opt/backup-minio.sh full "/b\\c"',
  '/opt/backup-minio.sh full /b=c,d:e@f+g',
  'cd /opt && BACKUP_RETENTION_DAYS=7 ./backup-minio.sh full /b',
  '/bin/bash -c "/opt/backup-minio.sh full /b >> /dev/null 2>&1"',
  '/bin/sh -c "cd /opt && ./backup-minio.sh full /b"',
  'bash -eu /opt/backup-minio.sh metadata /b',
  'timeout --kill-after=10 1h /opt/backup-minio.sh full /b',
  'timeout -k10 1h /opt/backup-minio.sh full /b',
  'nice -10 /opt/backup-minio.sh full /b',
  'nice --adjustment=5 /opt/backup-minio.sh full s3://bucket/minio/',
  'LANG=C LC_ALL=C /opt/backup-minio.sh full /b',
  "BACKUP_RETENTION_DAYS='14' /opt/backup-minio.sh full /b",
];

const KEPT: [command: string, reason: string][] = [
  [
    'root test -x /usr/sbin/anacron || { cd / && /opt/backup-minio.sh full /b; }',
    'a pipe or || in it',
  ],
  [
    'root [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /opt/backup-minio.sh full /b; fi',
    'a test in it',
  ],
  ['root command -v debian-sa1 > /dev/null && /opt/backup-minio.sh full /b', 'a condition with &&'],
  [
    'root if [ -x /usr/share/mdadm/checkarray ] && [ $(date +\\%d) -le 7 ]; then /opt/backup-minio.sh full /b; fi',
    'a test in it',
  ],
  [
    "root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && /opt/backup-minio.sh full /b",
    'a condition with &&',
  ],
  ['root /opt/backup-minio.sh full /b', 'root in front of'],
  ['/usr/bin/flock -w 0 /tmp/x.lock /opt/backup-minio.sh full /b', 'flock -w has no equivalent'],
  ['chronic /opt/backup-minio.sh full /b', 'chronic in front of'],
  ['systemd-cat -t backup /opt/backup-minio.sh full /b', 'systemd-cat in front of'],
  ['setsid /opt/backup-minio.sh full /b', 'setsid in front of'],
  ['nohup /opt/backup-minio.sh full /b &', 'a command in the background'],
  ['. /etc/profile; /opt/backup-minio.sh full /b', 'several commands with ;'],
  ['. $HOME/.profile; /opt/backup-minio.sh full /b', 'a variable or $(…)'],
  ['set -a; . /etc/env; /opt/backup-minio.sh full /b', 'several commands with ;'],
  ['export BACKUP_RETENTION_DAYS=7; /opt/backup-minio.sh full /b', 'several commands with ;'],
  ['BACKUP_RETENTION_DAYS=7 BACKUP_RETENTION_DAYS=9 /opt/backup-minio.sh full /b', 'set twice'],
  ['exec /opt/backup-minio.sh full /b', 'exec in front of'],
  ['eval /opt/backup-minio.sh full /b', 'eval in front of'],
  ['command /opt/backup-minio.sh full /b', 'command in front of'],
  ['/opt/backup-minio.sh full /b || mail -s failed root', 'a pipe or ||'],
  ['/opt/backup-minio.sh full /b 2>&-', 'a redirection'],
  ['/opt/backup-minio.sh full /b </dev/null >/dev/null 2>&1', 'an input redirection'],
  ["/opt/backup-minio.sh full $'/b\\tc'", 'a variable'],
  ["/opt/backup-minio.sh full /b ''", "'' has no equivalent"],
  ['/opt/backup-minio.sh full /b -- x', '-- x has no equivalent'],
  ['podman run --rm x /opt/backup-minio.sh full /b', 'podman in front of'],
  ['kubectl exec pod -- /opt/backup-minio.sh full /b', 'kubectl in front of'],
  ['cronitor exec abc /opt/backup-minio.sh full /b', 'cronitor in front of'],
  ['cd /opt/tools; ./backup-minio.sh full /b', 'several commands with ;'],
  ['timeout --signal=KILL 1h /opt/backup-minio.sh full /b', 'timeout --signal=KILL'],
  ['timeout -v 0.5d /opt/backup-minio.sh full /b', 'the time of timeout'],
  ['DRY_RUN=true /opt/backup-minio.sh full /b', 'DRY_RUN is set for this line alone'],
  ['/opt/Backup-Minio.sh full /b', 'it does not call'],
  ['echo /opt/backup-minio.sh full /b', 'echo in front of'],
  ['rsync -a /opt/backup-minio.sh full /b', 'rsync in front of'],
  ['/opt/backup-minio.sh full /b\\\\%c', 'a backslash before \\%'],
  ['mangamotion backup full /b && curl -fsS https://hc-ping.com/uuid', 'a condition with &&'],
  ['npx mangamotion backup full /b', 'it does not call'],
];

describe('a line as people write them', () => {
  it.each(IMPORTED)('becomes what /bin/sh runs: %s', (line) => {
    const { text, entries } = importCrontab(`0 3 * * * ${line}`, { isSystem: false });
    expect(entries).toBe(1);
    const [entry = ''] = text.trimEnd().split('\n').slice(-1);
    const words = splitWords(entry);
    if (!Array.isArray(words)) throw new Error(entry);
    const [, type, destination, , days] = words.slice(5).map((word) => word.text);
    rmSync(CALLS, { force: true });
    const command = line
      .replaceAll('\\%', '%')
      .replaceAll('/opt', join(folder, 'opt'))
      .replaceAll('/tmp/', `${folder}/`);
    execFileSync('/bin/sh', ['-c', command], { stdio: 'ignore' });
    const calls = readFileSync(CALLS, 'utf8').split('\0').slice(1, -1);
    expect([days, type, destination]).toEqual(calls);
  });

  it.each(KEPT)('stays as it is: %s', (command, reason) => {
    const { text, entries, notes } = importCrontab(`0 3 * * * ${command}`, { isSystem: false });
    expect(entries).toBe(0);
    expect(notes.map(({ message }) => message).join()).toContain(reason);
    expect(text).toContain(`: 0 3 * * * ${command}\n`);
  });
});
