import { expect } from 'vitest';
import { isPartial, type RestoreReport } from '../../../src/restore/report.js';
import { breachesOfBackup, breachesOfRestore } from './law.js';
import type { ExpectedBackup, ExpectedRestore, Quirk } from './quirk.js';
import type { BackupRun, QuirkRun, RestoreRun } from './run.js';

/** Fails where a run broke a law, or did not go as the quirk says that it must. */
export function judge(quirk: Quirk, run: QuirkRun): void {
  const findings = findingsOf(quirk, run);
  expect(findings).toEqual([]);
}

/** Everything at once: a quirk is understood from all its phases. */
function findingsOf(quirk: Quirk, { place, backups, restore }: QuirkRun): string[] {
  const findings: string[] = [];
  for (const phase of ['full', 'incremental', 'again'] as const) {
    const backup = backups[phase];
    if (backup === undefined) continue;
    const expected = expectedIn(quirk, phase);
    const found = [...lawsOfBackup(backup, quirk), ...mismatches(backup, expected, place)];
    findings.push(...found.map((finding) => `${phase}: ${finding}`));
  }
  if (restore === undefined) return findings;
  const found = [
    ...lawsOfRestore(restore, place),
    ...mismatchesOfRestore(restore, quirk.restore ?? {}),
  ];
  return [...findings, ...found.map((finding) => `restore: ${finding}`)];
}

function expectedIn(quirk: Quirk, phase: 'full' | 'incremental' | 'again'): ExpectedBackup {
  const isOdd = quirk.during?.includes(phase) ?? true;
  return quirk[phase] ?? (isOdd && phase === 'incremental' ? quirk.full : undefined) ?? {};
}

function lawsOfBackup({ taken, truth, verified }: BackupRun, { beyond }: Quirk): string[] {
  if (taken instanceof Error) return [];
  const unsound = verified === 'ok' ? [] : [`verify says ${verified ?? 'nothing'}`];
  return [...unsound, ...breachesOfBackup(taken, truth, beyond)];
}

function lawsOfRestore(
  { of, report, restored, before }: RestoreRun,
  place: QuirkRun['place'],
): string[] {
  if (report instanceof Error) return [];
  return breachesOfRestore(report, of, { ...place, restored, before });
}

function mismatches(
  { taken, requests }: BackupRun,
  expected: ExpectedBackup,
  place: QuirkRun['place'],
): string[] {
  const { atMost } = expected;
  const { bucket, other } = place;
  const sent = requests.filter((request) => atMost?.which(request, place) === true).length;
  const tooMany =
    atMost !== undefined && sent > atMost.requests
      ? [`${sent} requests, not ${atMost.requests}`]
      : [];
  if (taken instanceof Error) {
    const ended = `ended with ${taken.code}: ${taken.message}`;
    return taken.code === expected.error ? tooMany : [ended, ...tooMany];
  }
  if (expected.error !== undefined) return [`did not end with ${expected.error}`];
  const { summary } = taken;
  const {
    status = 'complete',
    failed = {},
    otherFailed,
    says,
    capturedAtMost,
    held = [],
  } = expected;
  const objects = summary.failures.filter((failure) => failure.bucket === bucket);
  const told = [...summary.notices, ...summary.failures.map(({ reason }) => reason)];
  return [
    ...tooMany,
    ...held
      .filter((key) => !taken.lines.some((line) => line.bucket === bucket && line.key === key))
      .map((key) => `${key} is not held`),
    ...difference('status', summary.status, status),
    ...(failed === 'any'
      ? []
      : difference('failures', objects.map(({ key }) => key).sort(), Object.keys(failed).sort())),
    ...objects.flatMap((failure) =>
      lacking(failure, failed === 'any' ? {} : (failed[failure.key] ?? {})),
    ),
    ...others(
      summary.failures.find((failure) => failure.bucket === other),
      otherFailed,
    ),
    ...(says === undefined || told.some((text) => says.test(text))
      ? []
      : [`nothing says ${String(says)}: ${JSON.stringify(told)}`]),
    ...(capturedAtMost === undefined || summary.objects.captured <= capturedAtMost
      ? []
      : [`${summary.objects.captured} objects were copied, not ${capturedAtMost}`]),
  ];
}

function others(
  found: Record<string, unknown> | undefined,
  expected: Record<string, unknown> | undefined,
): string[] {
  if (expected === undefined) {
    return found === undefined ? [] : [`the other bucket failed: ${JSON.stringify(found)}`];
  }
  return found === undefined ? ['the other bucket did not fail'] : lacking(found, expected);
}

function lacking(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const is = found[name];
    const fits = value instanceof RegExp ? value.test(String(is)) : is === value;
    return fits ? [] : [`${name} of ${String(found.key)} is ${String(is)}, not ${String(value)}`];
  });
}

function mismatchesOfRestore({ report }: RestoreRun, expected: ExpectedRestore): string[] {
  if (report instanceof Error) {
    return report.code === expected.error ? [] : [`ended with ${report.code}: ${report.message}`];
  }
  if (expected.error !== undefined) return [`did not end with ${expected.error}`];
  const { status = 'complete', failed = [], names, deleted = 0 } = expected;
  const keys = [...new Set(report.failures.map(({ key }) => key))].sort();
  return [
    ...(status === 'any'
      ? []
      : difference('status', isPartial(report) ? 'partial' : 'complete', status)),
    ...(failed === 'any' ? [] : difference('failures', keys, [...failed].sort())),
    ...difference('deleted', report.deleted, deleted),
    ...(names === undefined || names.test(JSON.stringify(report))
      ? []
      : [`no word of ${String(names)}`]),
  ].map((finding) => (finding.startsWith('failures') ? `${finding} ${reasons(report)}` : finding));
}

function reasons({ failures }: RestoreReport): string {
  return failures
    .map(({ reason }) => reason)
    .slice(0, 3)
    .join('; ');
}

function difference(what: string, found: unknown, expected: unknown): string[] {
  const [is, was] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === was ? [] : [`${what}: ${is}, not ${was}`];
}
