import type { FoundVersion } from '../../../backup/find/version-history.js';
import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import { countOf } from '../../output/units.js';
import { destinationArguments } from './backup-options.js';

export const backupFind = defineCommand({
  description:
    'Find in which backups an object is, with its versions: each content, and the first and the ' +
    'last backup in a row that hold it. A backup that cannot be searched is named, and the exit ' +
    'status is 3. Backups made by backup-minio.sh have no index and cannot be searched.',
  arguments: {
    key: {
      description:
        "a key, or bucket/key; or a quoted pattern of one with *, ? and [a-z], such as '4711/*.zip', " +
        'in which * also stands for slashes',
    },
    ...destinationArguments,
  },
  options: {
    bucket: {
      value: 'name',
      description: 'search only this bucket; the key is then without it',
      repeatable: true,
      complete: 'bucket',
    },
  },
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  opensBackups: true,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup find processed/4711/result.zip /var/backups/minio':
      'find all versions of an object',
    "mangamotion backup find '4711/*' s3://offsite/minio --bucket processed --json":
      'find everything that job 4711 ever had',
  },
  async run(context, { key, destination: location }, { bucket }) {
    if (key === '') throw new MangamotionError('usage', 'the key is empty');
    const { openDestination } = await import('../../../repository/locate.js');
    const { findObjects } = await import('../../../backup/find/find-objects.js');
    const { KeyPattern } = await import('../../../backup/find/key-pattern.js');
    const destination = await openDestination(location, context.cwd, context);
    const pattern = new KeyPattern(key, { namesBuckets: bucket.length === 0 });
    const { versions, searched, unread } = await findObjects(
      { signal: context.signal, progress: context.progress },
      destination,
      pattern,
      bucket,
    );
    context.progress.done();
    for (const { backup, reason } of unread) context.warn(`${backup} was not searched: ${reason}`);
    if (versions.length === 0 && unread.length === 0) throw notFound(key, location, searched);
    const objects = new Set(versions.map((found) => JSON.stringify([found.bucket, found.key])));
    await context.output.rows({
      member: 'versions',
      rows: versions,
      json: (version) => version,
      tail: () => ({ searched, unread }),
      fields: FIELDS,
      columns: context.output.forPeople ? tableColumns(versions) : csvColumns,
      empty: 'not found in the backups that could be searched',
      footer: () =>
        versions.length === 0
          ? undefined
          : `${countOf(versions.length, 'version')} of ${countOf(objects.size, 'object')} in ${countOf(searched, 'backup')}`,
    });
    return unread.length > 0 ? 'partial' : undefined;
  },
});

function notFound(key: string, location: string, searched: number): MangamotionError {
  return new MangamotionError(
    'not_found',
    `no backup in ${location} holds ${key} (${countOf(searched, 'backup')} searched)`,
    { hint: `Search for a part of the name: mangamotion backup find '*PART*' ${location}` },
  );
}

const FIELDS: FieldsOf<FoundVersion> = {
  ...fieldNames('bucket', 'key', 'line', 'size', 'etag', 'sha256', 'last_modified'),
  ...fieldNames('first_backup', 'first_at', 'last_backup', 'last_at', 'backups', 'in_newest'),
};

function field(name: keyof FoundVersion, more: Partial<Column<FoundVersion>> = {}) {
  return { title: name, name, value: (row: FoundVersion) => row[name], ...more };
}

const csvColumns: Column<FoundVersion>[] = (Object.keys(FIELDS) as (keyof FoundVersion)[]).map(
  (name) => field(name),
);

/** The line only where there are several. */
function tableColumns(versions: readonly FoundVersion[]): Column<FoundVersion>[] {
  const lines = new Set(versions.map(({ line }) => line));
  return [
    field('key', { title: 'object', show: ({ bucket, key }) => `${bucket}/${key}`, least: 24 }),
    field('size', {
      show: ({ size }, people) => people.bytes(size),
      align: 'right',
    }),
    field('last_modified', {
      title: 'last modified',
      show: ({ last_modified: time }, people) => (people.onTerminal ? people.clock(time) : time),
      least: Infinity,
      dispensable: 4,
    }),
    field('sha256', { show: ({ sha256 }) => sha256.slice(0, 12), least: Infinity, dispensable: 6 }),
    ...(lines.size > 1 ? [field('line', { dispensable: 5 })] : []),
    field('backups', { align: 'right', dispensable: 3 }),
    field('first_backup', { title: 'first backup', least: Infinity, dispensable: 1 }),
    field('last_backup', {
      title: 'last backup',
      least: Infinity,
      tone: ({ in_newest: isThere }) => (isThere ? 'good' : 'muted'),
    }),
  ];
}
