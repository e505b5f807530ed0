import { describe, expect, it } from 'vitest';
import { importCrontab } from '../../../../src/schedule/crontab/import.js';

const imported = (text: string, isSystem = false) => importCrontab(text, { isSystem });

/** What is told, as `line message`. */
const told = (text: string) =>
  imported(text).notes.map(({ line, message }) => `${line} ${message}`);

describe('a crontab that calls backup-minio.sh', () => {
  it('becomes the schedule that does the same', () => {
    const { text, entries, notes } = imported(
      [
        '# backups',
        'CRON_TZ=Europe/Berlin',
        '0 * * * * BACKUP_RETENTION_DAYS=7 /opt/mangamotion/backup-minio.sh incremental /mnt/backup',
        '0 2 * * * /opt/mangamotion/backup-minio.sh full /mnt/backup >> /var/log/backup.log 2>&1',
        '@weekly BACKUP_RETENTION_DAYS=365 sh /opt/x/backup-minio.sh full s3://backup-bucket/minio',
        "0 4 1 * * /opt/x/backup-minio.sh metadata '/mnt/cold storage'",
      ].join('\n'),
    );
    expect(notes).toEqual([]);
    expect(entries).toBe(4);
    expect(text).toBe(
      [
        '# backups',
        'CRON_TZ=Europe/Berlin',
        '0 * * * *   backup incremental /mnt/backup --keep-days 7',
        '0 2 * * *   backup full /mnt/backup --keep-days 30',
        '@weekly   backup full s3://backup-bucket/minio --keep-days 365',
        "0 4 1 * *   backup metadata '/mnt/cold storage' --keep-days 30",
        '',
      ].join('\n'),
    );
  });

  it('keeps the retention that is set for all lines behind it', () => {
    const { text } = imported('BACKUP_RETENTION_DAYS=14\n0 2 * * * /opt/backup-minio.sh full /b\n');
    expect(text).toBe('0 2 * * *   backup full /b --keep-days 14\n');
  });

  it('of the system has a user in each line', () => {
    const { text } = imported('0 2 * * * root /opt/backup-minio.sh full /b\n', true);
    expect(text).toBe('0 2 * * *   backup full /b --keep-days 30\n');
  });

  it('cannot set options by accident', () => {
    const { text } = imported('# name=x\n0 2 * * * /opt/backup-minio.sh full /b\n');
    expect(text).toBe('# (name=x)\n0 2 * * *   backup full /b --keep-days 30\n');
  });
});

describe('what cannot be carried over is told', () => {
  it.each([
    ['0 5 * * * /usr/bin/certbot renew', '1 it does not call backup-minio.sh'],
    ['0 5 * * * /opt/backup-minio.sh sideways /b', '1 backup-minio.sh has no type "sideways"'],
    ['0 5 * * * /opt/backup-minio.sh full', '1 it names no destination'],
    ['@reboot /opt/backup-minio.sh full /b', '1 @reboot has no equivalent'],
    ['hello world', '1 it does not begin with a time'],
    ["0 5 * * * /opt/backup-minio.sh full '/b", '1 a quotation in it is not closed'],
    ['MAILTO=ops@example.com', '1 MAILTO is left out'],
    [
      '0 5 * * * BACKUP_RETENTION_DAYS=x /opt/backup-minio.sh full /b',
      '1 BACKUP_RETENTION_DAYS "x" is not a number of days',
    ],
    ['0 5 * * * MINIO_ENDPOINT=http://a /opt/backup-minio.sh full /b', '1 MINIO_ENDPOINT left out'],
    ['0 5 * * * /opt/backup-minio.sh full /b --fast', '1 --fast is left out'],
  ])('%j', (text, expected) => {
    expect(told(text)).toHaveLength(1);
    expect(told(text)[0]).toContain(expected);
  });

  it('and stays in the file as a comment', () => {
    const { text, entries } = imported('0 5 * * * /usr/bin/certbot renew');
    expect({ text, entries }).toEqual({
      text: '# not imported: 0 5 * * * /usr/bin/certbot renew\n',
      entries: 0,
    });
  });
});
