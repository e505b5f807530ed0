import { it } from 'vitest';
import { describeReport } from '../../src/cli/commands/doctor/describe.js';
import { reportOf } from '../../src/doctor/report.js';
import type { CheckResult } from '../../src/doctor/run-checks.js';
import { CJK, LONG, comparePage } from './compare.js';

const result = (name: string, more: Partial<CheckResult> = {}): CheckResult => {
  return { name, status: 'ok', message: 'as it should be', seconds: 0.1, ...more };
};

const HEALTHY = [
  result('settings.files', { message: '1 file of settings read' }),
  result('settings.secrets', { message: 'no file with a secret is open to all users' }),
  result('redis.reachable', { message: 'Redis at 127.0.0.1:6379 answers' }),
  result('redis.rights-reports', { message: 'default may do all for reports of usage' }),
  result('destination.age', {
    subject: '/var/backups/minio',
    message: 'the newest complete backup is 6 hours old',
  }),
  result('destination.age', {
    subject: 's3://offsite/minio',
    message: 'the newest complete backup is 3 days old',
  }),
];

it('doctor of a healthy deployment', async () => {
  await comparePage('doctor', 'mangamotion doctor', (page) =>
    describeReport(page, reportOf(HEALTHY)),
  );
});

it('doctor of one where everything is wrong', async () => {
  const unused = { status: 'skipped', message: 'Redis cannot be used' } as const;
  const checks = [
    result('settings.secrets', {
      status: 'warning',
      message: '/etc/mangamotion.env holds MINIO_SECRET_KEY and can be read by all users',
      hint: 'chmod 600 /etc/mangamotion.env',
    }),
    result('redis.reachable', {
      status: 'failure',
      message: 'cannot reach Redis at 127.0.0.1:6379: connect ECONNREFUSED 127.0.0.1:6379',
      hint: 'check REDIS_URL, and that the server runs and can be reached from here',
    }),
    ...['login', 'whole', 'clock', 'version', 'role', 'replication', 'policy', 'rights-reports'].map(
      (name) => result(`redis.${name}`, unused),
    ),
    result('billing.audit', unused),
    result('destination.age', {
      subject: `s3://${CJK}/minio`,
      status: 'failure',
      message: 'the newest complete backup, minio_backup_full_20261120_020000, is 9 days old',
      hint: `mangamotion backup full s3://${CJK}/minio`,
    }),
    result('destination.whole', {
      subject: `s3://${CJK}/minio`,
      status: 'failure',
      message: `cannot be read completely: ${LONG}\u001b[31m`,
      hint: 'bring the file back from a copy',
    }),
    result('drills.age', {
      status: 'skipped',
      message: 'no drill has been recorded',
      hint: 'mangamotion drill object DESTINATION',
    }),
  ];
  await comparePage('doctor-worst', 'mangamotion doctor', (page) =>
    describeReport(page, reportOf(checks)),
  );
});

it('doctor with warnings alone', async () => {
  const checks = [
    ...HEALTHY,
    result('node.version', {
      status: 'warning',
      message: 'Node.js v20.19.0 is not supported from 2027-04-30 on',
      hint: 'install Node.js 22 or newer',
    }),
  ];
  await comparePage('doctor-warnings', 'mangamotion doctor', (page) =>
    describeReport(page, reportOf(checks)),
  );
});
