import type { DiffTotals } from '../../../backup/diff/totals.js';
import type { DiffRow, State } from '../../../backup/diff/row.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import type { Tone } from '../../output/paint.js';
import { countOf, formatBytes, formatCount } from '../../output/units.js';

const TONES: Readonly<Record<DiffRow['change'], Tone>> = {
  added: 'good',
  removed: 'bad',
  changed: 'waiting',
  unknown: 'muted',
};

const STATE = {
  ...fieldNames('size', 'etag', 'sha256', 'last_modified', 'headers', 'metadata', 'tags'),
  ...fieldNames('retention', 'legal_hold', 'encryption', 'storage_class', 'checksums', 'acl'),
} satisfies FieldsOf<State>;

export const DIFF_FIELDS: FieldsOf<DiffRow> = {
  ...fieldNames('change', 'kind', 'bucket', 'key', 'document', 'what', 'reason'),
  before: STATE,
  after: STATE,
};

/** What people read of a row, in a few words. */
function remark({ kind, document, what, reason }: DiffRow): string {
  const subject =
    kind === 'bucket' ? 'the bucket' : kind === 'document' ? (document ?? '') : what.join(', ');
  return [subject, reason ?? ''].filter((text) => text !== '').join(': ');
}

const change: Column<DiffRow> = {
  title: 'change',
  name: 'change',
  value: (row) => row.change,
  tone: (row) => TONES[row.change],
  least: Infinity,
};

/** For people. */
export const tableColumns: Column<DiffRow>[] = [
  change,
  ...(['before', 'after'] as const).map((side): Column<DiffRow> => ({
    title: side,
    name: `${side}.size`,
    value: (row) => row[side]?.size ?? null,
    show: (row, people) => {
      const state = row[side];
      return state === null ? '' : people.bytes(state.size);
    },
    align: 'right',
    dispensable: 2,
  })),
  {
    title: 'object',
    name: 'key',
    value: ({ bucket, key }) => (key === null ? bucket : `${bucket}/${key}`),
    least: 24,
  },
  { title: 'what', name: 'what', value: remark, least: 12, dispensable: 1, wraps: true },
];

/** For --csv. */
export const csvColumns: Column<DiffRow>[] = [
  change,
  { title: 'kind', name: 'kind', value: (row) => row.kind },
  { title: 'bucket', name: 'bucket', value: (row) => row.bucket },
  { title: 'key', name: 'key', value: (row) => row.key },
  { title: 'document', name: 'document', value: (row) => row.document },
  { title: 'what', name: 'what', value: (row) => row.what.join(' ') },
  ...(['before', 'after'] as const).flatMap((side) =>
    (['size', 'etag', 'sha256', 'last_modified'] as const).map((field): Column<DiffRow> => ({
      title: `${side} ${field}`,
      name: `${side}.${field}`,
      value: (row) => row[side]?.[field] ?? null,
    })),
  ),
  { title: 'reason', name: 'reason', value: (row) => row.reason },
];

/** The last line, for people. */
export function totalsText(
  { added, removed, changed, unknown, unchanged, ...rest }: DiffTotals,
  comparesObjects: boolean,
): string {
  const counts = [
    `${countOf(added.objects, 'object')} added (${formatBytes(added.bytes)})`,
    `${formatCount(removed.objects)} removed (${formatBytes(removed.bytes)})`,
    `${formatCount(changed.objects)} changed (${formatBytes(changed.bytes_before)} before, ${formatBytes(changed.bytes_after)} after)`,
    ...(unknown.objects > 0 ? [`${formatCount(unknown.objects)} unknown`] : []),
    ...(unchanged.objects === null ? [] : [`${formatCount(unchanged.objects)} unchanged`]),
  ];
  const { documents, buckets } = rest;
  const settings = documents.added + documents.removed + documents.changed + documents.unknown;
  const more = [
    ...(unchanged.rewritten > 0
      ? [`${countOf(unchanged.rewritten, 'object')} written again with the same content`]
      : []),
    ...(settings > 0 ? [`${countOf(settings, 'document')} of buckets`] : []),
    ...(buckets.added > 0 ? [`${countOf(buckets.added, 'bucket')} added`] : []),
    ...(buckets.removed > 0 ? [`${countOf(buckets.removed, 'bucket')} removed`] : []),
    ...(buckets.unknown > 0 ? [`${countOf(buckets.unknown, 'bucket')} unknown`] : []),
  ];
  const objects = comparesObjects ? counts.join(', ') : 'objects are not compared';
  return [objects, ...more].join('; ');
}
