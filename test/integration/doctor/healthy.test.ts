import { afterAll, beforeAll, expect, it } from 'vitest';
import * as v from 'valibot';
import { Deployment } from '../../helpers/deployment.js';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start();
});
afterAll(() => deployment.stop());

const reportSchema = v.strictObject({
  status: v.picklist(['ok', 'warnings', 'failures']),
  checks: v.array(
    v.strictObject({
      name: v.pipe(v.string(), v.regex(/^[a-z]+\.[a-z-]+$/)),
      subject: v.optional(v.string()),
      status: v.picklist(['ok', 'warning', 'failure', 'skipped']),
      message: v.pipe(v.string(), v.minLength(1)),
      hint: v.optional(v.string()),
      seconds: v.pipe(v.number(), v.minValue(0)),
    }),
  ),
});

it('a healthy deployment has no ! and no ✕, and little is skipped', async () => {
  const { exitCode, stdout, stderr } = await deployment.doctor();
  expect(stdout).not.toMatch(/[!✕] /);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const { checks, status } = await deployment.report();
  expect(status).toBe('ok');
  expect(checks.filter(({ status: its }) => its === 'ok').length).toBeGreaterThan(50);
  // A screen, with the prompt.
  const lines = stdout.split('\n');
  expect(lines.length).toBeLessThan(24);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  const all = (await deployment.doctor({}, '--all')).stdout;
  expect(all.match(/ [✓–] /g)?.length).toBeGreaterThan(70);
});

it('--json is as documented: each check once, and a hint with each warning and failure', async () => {
  const change = { env: { MINIO_SECRET_KEY: 'wrong', REDIS_URL: 'redis://127.0.0.1:1' } };
  for (const report of [await deployment.report(), await deployment.report(change)]) {
    const { exitCode, ...document } = report;
    v.assert(reportSchema, document);
    expect(exitCode).toBe(document.status === 'ok' ? 0 : 5);
    const names = document.checks.map(({ name, subject = '' }) => `${name} ${subject}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { status, hint } of document.checks)
      if (status === 'warning' || status === 'failure') expect(hint).toMatch(/\S/);
  }
});

it('--csv has a row for each check', async () => {
  const { stdout } = await deployment.doctor({}, '--csv');
  const [head = '', ...rows] = stdout.trim().split(/\r?\n/);
  expect(head).toBe('name,subject,status,message,hint,seconds');
  expect(rows.length).toBeGreaterThan(60);
});
