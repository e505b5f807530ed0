import { listContents } from '../../src/backup/contents.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import type { IndexLine } from '../../src/archive/index-line.js';
import { compareObjects } from '../../src/key-order.js';
import type { BackupEntry, Destination } from '../../src/repository/destination.js';
import { partIdOf, partOf, planIdOf, reservedIdOf, splitIdOf } from '../../src/repository/names.js';
import type { Summary } from '../../src/repository/summary.js';
import { shownSummary } from '../../src/repository/whole-summary.js';
import { NO_PROGRESS } from './backups.js';
import type { Held, RecordedStore } from './recorded-store.js';

/**
 * What must hold of the backups at a destination, whatever has happened to those who made them. Each law
 * returns what is wrong; nothing is.
 */

/** A backup as the program itself reads it. */
export interface ReadBackup {
  summary: Summary;
  lines: IndexLine[];
}

/** Reads a backup whole: every byte that it claims is compared with its digest. */
export async function readBackup(
  destination: Destination,
  backup: BackupEntry,
): Promise<ReadBackup | string[]> {
  const { id } = backup;
  try {
    const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
    const located = { destination, backup };
    const result = await verifyBackup(context, located, { quick: false });
    if (result.status !== 'ok' || result.not_opened !== undefined) {
      return [`${id} is ${result.status}: ${JSON.stringify(result.problems)}`];
    }
    if (backup.summary.kind !== 'valid') return [`${id}: its summary cannot be read`];
    const { summary } = await shownSummary(destination, backup.summary.summary);
    const lines: IndexLine[] = [];
    for await (const line of listContents(located, { buckets: [], keys: [], prefixes: [] })) {
      lines.push(line);
    }
    return { summary, lines };
  } catch (error) {
    return [`${id} cannot be read: ${String(error)}`];
  }
}

/** No object is twice in the index, and all are in order. */
export function isInOrder({ summary: { id }, lines }: ReadBackup): string[] {
  return lines.flatMap((line, at) => {
    const before = lines[at - 1];
    if (before === undefined || compareObjects(before, line) < 0) return [];
    return [`${id}: ${line.bucket}/${line.key} comes after ${before.bucket}/${before.key}`];
  });
}

/** What the summary counts is what the index holds. */
export function countsAgree({ summary, lines }: ReadBackup): string[] {
  const { id, objects, failures } = summary;
  const wrong: string[] = [];
  const same = (what: string, told: number, found: number): void => {
    if (told !== found) wrong.push(`${id}: ${what}: ${told} in the summary, ${found} in the index`);
  };
  const sum = (of: readonly IndexLine[]): number => of.reduce((all, { size }) => all + size, 0);
  if (summary.type === 'metadata') return wrong;
  same('objects', objects.captured + objects.unchanged, lines.length);
  same('total', objects.total, lines.length + objects.vanished + objects.failed - carriedByName());
  same('bytes', summary.bytes, sum(lines));
  for (const { name, ...bucket } of summary.buckets) {
    const own = lines.filter((line) => line.bucket === name);
    same(`objects of ${name}`, bucket.objects, own.length);
    same(`bytes of ${name}`, bucket.bytes, sum(own));
  }
  const buckets = new Set(summary.buckets.map(({ name }) => name));
  for (const { bucket } of lines)
    if (!buckets.has(bucket)) wrong.push(`${id}: no bucket ${bucket}`);
  const needed = [...new Set(lines.map(({ archive }) => archive))].filter((one) => one !== id);
  const lacking = needed.filter((one) => !summary.references.includes(one));
  if (lacking.length > 0) wrong.push(`${id} does not name ${lacking.join()}`);
  const parts = summary.references.filter((one) => partOf(one) !== undefined).sort();
  const records = (summary.parts ?? []).map((part) => part.id).sort();
  if (parts.join() !== records.join())
    wrong.push(`${id}: parts ${records.join()} of ${parts.join()}`);
  if (failures.length > 0 && summary.status === 'complete') wrong.push(`${id} is not complete`);
  return wrong;

  /** Failed objects that were taken over are in the index. */
  function carriedByName(): number {
    return failures.filter((one) => one.key !== '' && one.carried_from !== undefined).length;
  }
}

/** The time in which a backup may have read the store. */
export interface Window {
  fromMs: number;
  untilMs: number;
}

/** Each object is one that the store held meanwhile, and none that it held all the time is missing. */
export function agreesWithStore(
  store: RecordedStore,
  { summary, lines }: ReadBackup,
  { fromMs, untilMs }: Window,
  selected: (bucket: string) => boolean = () => true,
): string[] {
  const { id, failures, failures_omitted: omitted } = summary;
  if (summary.type === 'metadata') return [];
  const failed = new Set(failures.map(({ bucket, key }) => JSON.stringify([bucket, key])));
  const isNamed = (bucket: string, key: string): boolean =>
    omitted > 0 ||
    failed.has(JSON.stringify([bucket, key])) ||
    failed.has(JSON.stringify([bucket, '']));
  const wrong: string[] = [];
  const found = new Set<string>();
  for (const { bucket, key, sha256, size } of lines) {
    found.add(JSON.stringify([bucket, key]));
    const held = store.history.get(bucket)?.get(key) ?? [];
    const same = held.filter((one) => one.sha256 === sha256 && one.sizeBytes === size);
    if (same.some((one) => one.fromMs <= untilMs && one.untilMs >= fromMs)) continue;
    if (isNamed(bucket, key) && same.some((one) => one.fromMs <= untilMs)) continue;
    wrong.push(`${id}: the store never held ${bucket}/${key} so in that time`);
  }
  for (const [bucket, keys] of store.history) {
    if (!selected(bucket)) continue;
    for (const [key, held] of keys) {
      if (!wasThere(held, { fromMs, untilMs }) || isNamed(bucket, key)) continue;
      if (!found.has(JSON.stringify([bucket, key]))) {
        wrong.push(`${id} lacks ${bucket}/${key}, which was there all the time`);
      }
    }
  }
  return wrong;
}

/** Whether there was an object all the time, if not always the same. */
function wasThere(held: readonly Held[], { fromMs, untilMs }: Window): boolean {
  let reached = fromMs;
  for (const one of held) {
    if (one.fromMs <= reached && one.untilMs >= reached) reached = one.untilMs;
  }
  return reached > untilMs;
}

/** Everything that a listed backup names is there, and nothing else is. */
export function nothingIsLeft(
  names: readonly string[],
  backups: readonly BackupEntry[],
  kept: ReadonlySet<string> = new Set(),
): string[] {
  const needed = new Set(backups.map(({ id }) => id));
  const wrong: string[] = [];
  for (const { id, summary } of backups) {
    if (summary.kind !== 'valid') wrong.push(`${id}: its summary cannot be read`);
    else for (const one of summary.summary.references) needed.add(one);
  }
  for (const id of needed) {
    for (const suffix of ['.json', '.tar.gz']) {
      if (!names.some((name) => name === id + suffix || name === `${id}${suffix}.age`)) {
        wrong.push(`${id}${suffix} is missing`);
      }
    }
  }
  for (const name of names) {
    const id = reservedIdOf(name);
    const run =
      planIdOf(name) ?? splitIdOf(name) ?? (id === undefined ? undefined : partOf(id)?.backup);
    if (run !== undefined && kept.has(run)) continue;
    const isNeeded = id !== undefined && needed.has(id) && !name.endsWith('.partial');
    if (!isNeeded) wrong.push(`${name} is left`);
  }
  return wrong;
}

/** What a run that may go on has at the destination. */
export function ofRun(names: readonly string[], run: string): string[] {
  const isOf = (name: string): boolean => {
    const part = name.endsWith('.json') ? partIdOf(name) : undefined;
    return planIdOf(name) === run || (part !== undefined && partOf(part)?.backup === run);
  };
  return names.filter(isOf);
}

/** Nothing of a run that may go on was removed by another. */
export function nothingIsTaken(before: readonly string[], after: readonly string[]): string[] {
  const there = new Set(after);
  return before
    .filter((name) => !there.has(name))
    .map((name) => `${name} was removed by another run`);
}
