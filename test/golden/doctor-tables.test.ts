import { it } from 'vitest';
import { describeAll, describeReport } from '../../src/cli/commands/doctor/describe.js';
import type { CheckResult } from '../../src/doctor/run-checks.js';
import { CJK, LONG, comparePage } from './compare.js';

const result = (name: string, more: Partial<CheckResult> = {}): CheckResult => {
  return { name, status: 'ok', message: 'as it should be', seconds: 0.1, ...more };
};

/** Checks of which nothing more than their number is shown. */
const fine = (topic: string, count: number, more: Partial<CheckResult> = {}) =>
  Array.from({ length: count }, (_none, at) => result(`${topic}.other-${at}`, more));

const checksOfDestination = (subject: string, age: string, free: string) => [
  ...fine('destination', 9, { subject }),
  result('destination.room', { subject, fact: `${free} free` }),
  result('destination.age', { subject, fact: `newest ${age} old` }),
  result('verification.age', { subject, fact: '98 % read in 30 days' }),
];

/** As many as a real deployment has. */
const HEALTHY = [
  result('settings.files', { message: '1 file of settings read' }),
  result('settings.values', { fact: '12 settings set' }),
  result('settings.secrets', { message: 'no file with a secret is open to all users' }),
  result('node.version', { message: 'Node.js v22.14.0', fact: 'Node.js v22.14.0' }),
  result('redis.reachable', { message: 'Redis at 127.0.0.1:6379 answers' }),
  result('redis.version', { fact: 'Redis 7.0.15' }),
  result('redis.memory', { fact: '1.2 GiB of 4.0 GiB used' }),
  ...fine('redis', 14),
  result('queue.version', { fact: 'BullMQ 5.34.0' }),
  result('queue.workers', { fact: '4 workers' }),
  ...fine('queue', 3),
  result('billing.audit', { fact: 'no drift in 50 users' }),
  result('store.reachable', { fact: 'https://minio.example.com' }),
  result('store.buckets', { fact: '7 buckets' }),
  ...fine('store', 9),
  result('store.rights-lock', { status: 'skipped', message: 'no bucket has object lock' }),
  ...checksOfDestination('/var/backups/minio', '6 hours', '1.2 TiB'),
  ...checksOfDestination('s3://offsite/minio', '3 days', '800 GiB'),
  result('destination.offsite', { fact: 'holds what the near one does' }),
  result('schedule.file', { fact: '3 entries' }),
  result('schedule.daemon', { fact: 'daemon on web1' }),
  ...fine('schedule', 8),
  ...['age', 'verdict'].map((name) =>
    result(`drills.${name}`, {
      status: 'skipped',
      message: 'no drill is recorded here',
      hint: 'prove that a recovery works: mangamotion drill object DESTINATION',
    }),
  ),
];

it('doctor of a healthy deployment fits on a screen', async () => {
  await comparePage('doctor', 'mangamotion doctor', (page) => describeReport(page, HEALTHY));
});

it('doctor --all', async () => {
  await comparePage('doctor-all', 'mangamotion doctor --all', (page) => describeAll(page, HEALTHY));
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
    describeReport(page, checks),
  );
});

it('doctor with warnings alone', async () => {
  const [first, ...others] = HEALTHY.filter(({ name }) => name !== 'node.version');
  const old = result('node.version', {
    status: 'warning',
    message: 'Node.js v20.19.0 is not supported from 2027-04-30 on',
    hint: 'install Node.js 22 or newer',
  });
  const unread = result('verification.age', {
    subject: '/var/backups/minio',
    status: 'warning',
    message: '41 GiB was not read for 30 days',
    hint: 'daily: mangamotion backup verify /var/backups/minio --within 30d',
  });
  const checks = [first, old, ...others, unread].filter((one) => one !== undefined);
  await comparePage('doctor-warnings', 'mangamotion doctor', (page) =>
    describeReport(page, checks),
  );
});
