import type { IndexLine } from '../../../archive/index-line.js';
import { objectDocument } from '../../../reports/backups/object.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { backupArgument, chooseOptions, findBackup } from './backup-name.js';

export const backupLs = defineCommand({
  description:
    'List the objects in a backup, by bucket and key. This reads only the index, not the data. A ' +
    'backup made by backup-minio.sh has no index, so it is read in full; a tar.gz is first ' +
    'unpacked below TMPDIR.',
  arguments: backupArgument,
  options: {
    ...chooseOptions,
    bucket: {
      value: 'name',
      description: 'list only this bucket',
      complete: 'captured-bucket',
      repeatable: true,
    },
    prefix: {
      value: 'prefix',
      description: 'list only keys with this prefix',
      repeatable: true,
    },
  },
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  opensBackups: true,
  printsRows: true,
  endsWith: ['not_found', 'damaged', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup ls /var/backups/minio/minio_backup_full_20240115_020000':
      'list all objects',
    'mangamotion backup ls /var/backups/minio/minio_backup_full_20240115_020000 --bucket processed --prefix 4711/ --csv':
      'export the results of job 4711 to a spreadsheet',
  },
  async run(
    context,
    { backup },
    { latest, at, line, asStoredAt, trustFirstVersions, bucket, prefix },
  ) {
    const { listContents } = await import('../../../backup/contents.js');
    const located = await findBackup(context, backup, {
      ...{ latest, at, line, asStoredAt, trustFirstVersions, buckets: bucket },
      ambiguous: 'widest',
    });
    const selection = { buckets: bucket, keys: [], prefixes: prefix };
    let objects = 0;
    let bytes = 0;
    const counted = async function* () {
      for await (const line of listContents(located, selection)) {
        objects += 1;
        bytes += line.size;
        yield line;
      }
    };
    await context.output.rows({
      head: { backup: located.backup.id },
      member: 'objects',
      rows: counted(),
      json: objectDocument,
      tail: () => ({ total: { objects, bytes } }),
      fields: OBJECT_FIELDS,
      columns,
      empty: 'no matching objects in this backup',
    });
    return undefined;
  },
});

const OBJECT_FIELDS: FieldsOf<IndexLine> = {
  ...fieldNames('bucket', 'key', 'size', 'last_modified', 'etag', 'sha256', 'md5', 'version_id'),
  ...fieldNames('headers', 'metadata', 'checksums', 'legal_hold', 'storage_class', 'acl'),
  tags: fieldNames('key', 'value'),
  retention: fieldNames('mode', 'until'),
  encryption: fieldNames('algorithm', 'key_id', 'bucket_key'),
  ...fieldNames('path', 'archive', 'offset', 'length', 'inner'),
};

const columns: Column<IndexLine>[] = [
  {
    title: 'size',
    name: 'size',
    value: ({ size }) => size,
    show: ({ size }, people) => people.bytes(size),
    align: 'right',
  },
  {
    title: 'last modified',
    name: 'last_modified',
    value: ({ last_modified }) => last_modified,
    show: ({ last_modified }, people) =>
      people.onTerminal ? people.clock(last_modified) : last_modified,
    least: Infinity,
    dispensable: 2,
  },
  { title: 'bucket', name: 'bucket', value: ({ bucket }) => bucket, dispensable: 1 },
  { title: 'key', name: 'key', value: ({ key }) => key, least: 24 },
];
