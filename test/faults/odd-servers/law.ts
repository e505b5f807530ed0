import { createHash } from 'node:crypto';
import type { IndexLine } from '../../../src/archive/index-line.js';
import { compareKeys } from '../../../src/key-order.js';
import type { Summary } from '../../../src/repository/summary.js';
import type { RestoreReport } from '../../../src/restore/report.js';
import type { Kept, SeedObject } from '../../helpers/seed.js';

/**
 * The laws that hold whatever a server does. Each function gives the breaches, in words; pure.
 *
 * Whatever the tool says is held is held, with its bytes and all that belongs to it, and what is
 * not held is named.
 */

export interface TakenBackup {
  summary: Summary;
  lines: readonly IndexLine[];
}

/** What the server really has, by bucket and key. */
export type Truth = ReadonlyMap<string, ReadonlyMap<string, SeedObject>>;

export function breachesOfBackup(
  { summary, lines }: TakenBackup,
  truth: Truth,
  beyond: readonly string[] = [],
): string[] {
  const breaches: string[] = [];
  const held = new Map(lines.map((line) => [nameOf(line), line]));
  if (held.size < lines.length) breaches.push('an object is in the index twice');
  for (const [bucket, objects] of truth) {
    for (const object of objects.values()) {
      if (beyond.includes(object.key)) continue;
      const line = held.get(nameOf({ bucket, key: object.key }));
      breaches.push(...breachesOfObject(summary, { ...object, bucket }, line));
    }
  }
  for (const line of lines) {
    if (truth.get(line.bucket)?.has(line.key) !== true && !isNamed(summary, line)) {
      breaches.push(`${nameOf(line)} is held, and is not on the server`);
    }
  }
  return breaches;
}

function breachesOfObject(
  summary: Summary,
  object: SeedObject & { bucket: string },
  line: IndexLine | undefined,
): string[] {
  const name = nameOf(object);
  const named = isNamed(summary, object);
  const wrong = line !== undefined && line.sha256 !== sha256Of(object.content);
  if (line !== undefined && !wrong) {
    return lostOf(object, line)
      .filter((part) => !isNamed(summary, object, part))
      .map((part) => `${name}: its ${part} are missing, and nothing says so`);
  }
  const what = wrong ? 'held with other bytes' : 'not held';
  return [
    ...(named ? [] : [`${name} is ${what}, and nothing says so`]),
    ...(summary.status === 'complete' ? [`${name} is ${what}, and the backup complete`] : []),
  ];
}

/** True where the summary says that the object, or that part of it, is missing or an older one. */
function isNamed(
  summary: Summary,
  object: { bucket: string; key: string },
  part?: string,
): boolean {
  const isOfPart = (named: string): boolean => part === undefined || part.includes(named);
  const failed = summary.failures.some(
    (failure) =>
      failure.bucket === object.bucket &&
      (failure.key === object.key || (failure.key === '' && failure.document === undefined)) &&
      (part === undefined ? failure.part === undefined : isOfPart(failure.part ?? '')),
  );
  if (failed || part === undefined) return failed;
  const { losses, documents } = summary.fidelity;
  return (
    losses.some(({ bucket, what }) => bucket === object.bucket && what.includes(part)) ||
    documents.some(
      ({ bucket, document, state }) =>
        bucket === object.bucket && state === 'unsupported' && document.includes(part),
    )
  );
}

/** What of an object's attributes is not, or other, in what was kept of it. */
function lostOf({ attributes = {} }: SeedObject, kept: Partial<IndexLine> | Kept): string[] {
  const { headers = {}, metadata = {}, tags = [] } = attributes;
  const lost: string[] = [];
  if (!contains(kept.metadata, metadata)) lost.push('metadata');
  if (!contains(kept.headers, headers)) lost.push('headers');
  if (!tags.every(({ key, value }) => kept.tags?.some((t) => t.key === key && t.value === value))) {
    lost.push('tags');
  }
  return lost;
}

function contains(
  whole: Record<string, string> | undefined,
  part: Record<string, string | undefined>,
): boolean {
  return Object.entries(part).every(([name, value]) => whole?.[name] === value);
}

/** What is in the target, by key. */
export type Restored = ReadonlyMap<string, Kept>;

export function breachesOfRestore(
  report: RestoreReport,
  { lines }: TakenBackup,
  { bucket, target, restored, before }: RestoredPlace,
): string[] {
  const breaches: string[] = [];
  const failed = new Set(report.failures.map(({ key }) => key));
  const expected = new Map(lines.filter((line) => line.bucket === bucket).map((l) => [l.key, l]));
  for (const line of expected.values()) {
    const found = restored.get(line.key);
    if (found?.sha256 !== line.sha256) {
      const what = found === undefined ? 'is not in the target' : 'has other bytes in the target';
      if (!failed.has(line.key)) breaches.push(`${line.key} ${what}, and nothing says so`);
      if (found !== undefined && before.get(line.key)?.sha256 === line.sha256) {
        breaches.push(`${line.key} was right in the target, and something was written over it`);
      }
      continue;
    }
    const object = { key: line.key, content: Buffer.alloc(0), attributes: attributesOf(line) };
    for (const part of lostOf(object, found)) {
      if (!failed.has(line.key) && !mentions(report, part)) {
        breaches.push(`${line.key}: its ${part} were not restored, and nothing says so`);
      }
    }
  }
  for (const key of restored.keys()) {
    if (!expected.has(key) && !before.has(key)) {
      breaches.push(`${target} has ${key}, which is not in the backup`);
    }
  }
  return breaches.sort(compareKeys);
}

export interface RestoredPlace {
  bucket: string;
  target: string;
  restored: Restored;
  /** What was in the target before. */
  before: Restored;
}

function attributesOf({ headers = {}, metadata = {}, tags = [] }: IndexLine): Kept {
  return { sha256: '', headers, metadata, tags };
}

/** True where the report tells of such a loss, in whatever field. */
function mentions(report: RestoreReport, part: string): boolean {
  const { problems, left_out: leftOut, ...others } = report;
  const losses = 'losses' in others ? others.losses : [];
  return JSON.stringify([problems, leftOut, losses]).toLowerCase().includes(part.replace(/s$/, ''));
}

function nameOf({ bucket, key }: { bucket: string; key: string }): string {
  return `${bucket.slice(0, 9)}/${key}`;
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
