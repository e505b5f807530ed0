import { countOf } from '../../count-of.js';
import { serverOf } from '../../repository/lines/endpoints.js';
import { identify, keyOf } from '../../repository/lines/line-keys.js';
import { holdsObjects } from '../../repository/lines/lines.js';
import type { Summary } from '../../repository/summary.js';

/** What a reader of a comparison has to know. Pure. */

export function notesOfBackups(before: Summary, after: Summary): string[] {
  const [a, b] = identify([before.source, after.source]);
  const isOneLine = a !== undefined && b !== undefined && keyOf(a) === keyOf(b);
  const isOneStore = JSON.stringify(a?.store) === JSON.stringify(b?.store);
  return [
    ...(isOneStore
      ? isOneLine
        ? []
        : [`the backups are of different lines: they were made with other selections of buckets`]
      : [
          `the backups are of different lines: ${before.id} is of ${before.source.endpoint}, ${after.id} of ${after.source.endpoint}`,
        ]),
    ...(Date.parse(after.created_at) < Date.parse(before.created_at)
      ? [`${after.id} is older than ${before.id}: what it adds was removed since`]
      : []),
    ...[before, after].flatMap(withoutObjects),
    ...[before, after].flatMap(unverified),
    ...(knowsAcls(before) === knowsAcls(after)
      ? []
      : ['access control lists are not compared: one of the backups was made without --acls']),
    ...(before.redis === undefined && after.redis === undefined
      ? []
      : ['keys of Redis are not compared']),
  ];
}

export function notesOfStore(summary: Summary, endpoint: string): string[] {
  return [
    'a listing shows sizes, ETags and times: headers, metadata, tags, locks and the settings of buckets are not compared',
    ...(serverOf(summary.source.endpoint) === serverOf(endpoint)
      ? []
      : [`${summary.id} is of ${summary.source.endpoint}, and the store is ${endpoint}`]),
    ...withoutObjects(summary),
    ...(summary.redis === undefined ? [] : ['keys of Redis are not compared']),
  ];
}

function withoutObjects(summary: Summary): string[] {
  if (holdsObjects(summary)) return [];
  return [`${summary.id} holds no objects, only the settings of buckets: objects are not compared`];
}

function unverified({ id, objects }: Summary): string[] {
  if (objects.unverified === 0) return [];
  return [
    `${id} took the tags and holds of ${countOf(objects.unverified, 'unchanged object')} from its parent, without reading them again`,
  ];
}

function knowsAcls({ fidelity }: Summary): boolean {
  return !fidelity.not_captured.some((what) => what.startsWith('access control lists of objects'));
}
