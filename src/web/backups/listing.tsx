import type { ObjectsDocument } from '../data/backup-documents.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { formatBytes, formatCount } from '../text/numbers.js';
import { shortId } from './chain.js';
import { isImage, objectHref } from './names.js';

interface ListingProps {
  destination: string;
  id: string;
  data: ObjectsDocument;
  prefix: string;
  chosen: string | undefined;
  folderHref: (prefix: string) => string;
  objectHrefOf: (name: string) => string;
}

type Row =
  | { folder: ObjectsDocument['folders'][number]; name: string }
  | { object: ObjectsDocument['objects'][number]; name: string };

/** The folders and objects of a page. An image leads to its preview. */
export function Listing({
  data,
  destination,
  id,
  prefix,
  chosen,
  folderHref,
  objectHrefOf,
}: ListingProps) {
  const rows: Row[] = [
    ...data.folders.map((folder) => ({ folder, name: folder.prefix })),
    ...data.objects.map((object) => ({ object, name: `${object.bucket}/${object.key}` })),
  ];
  return (
    <Table
      label={prefix === '' ? 'Buckets' : `Objects in ${prefix}`}
      rows={rows}
      keyOf={({ name }) => name}
      columns={[
        {
          ...{ id: 'name', title: 'Name', isRowHead: true },
          cell: (row) => {
            const short = row.name.slice(prefix.length);
            if ('folder' in row) {
              return (
                <a class="mono" href={folderHref(row.name)}>
                  {short}
                </a>
              );
            }
            if (!isImage(row.name)) return <span class="mono">{short}</span>;
            return (
              <a
                class="mono"
                href={objectHrefOf(row.name)}
                data-opens={row.name}
                aria-label={`Preview ${short}`}
                aria-current={row.name === chosen ? 'true' : undefined}
              >
                {short}
              </a>
            );
          },
        },
        {
          ...{ id: 'size', title: 'Size', class: 'n', label: 'size' },
          cell: (row) => formatBytes('folder' in row ? row.folder.bytes : row.object.size),
        },
        {
          ...{ id: 'count', title: 'Objects', class: 'n p3', label: 'objects' },
          cell: (row) => ('folder' in row ? formatCount(row.folder.objects) : undefined),
        },
        {
          ...{ id: 'modified', title: 'Modified', class: 'n p3', label: 'modified' },
          cell: (row) => ('object' in row ? <Ago time={row.object.last_modified} /> : undefined),
        },
        {
          ...{ id: 'archive', title: 'In archive', class: 'p3', label: 'in' },
          cell: (row) =>
            'object' in row ? (
              <span class="soft">
                {row.object.archive === id ? 'this one' : shortId(row.object.archive)}
              </span>
            ) : undefined,
        },
        {
          ...{ id: 'get', title: <span class="vh">Action</span>, class: 'key tight' },
          cell: (row) =>
            'object' in row ? (
              <a
                class="btn"
                href={objectHref(destination, id, row.object)}
                download
                aria-label={`Download ${row.name.slice(prefix.length)}`}
              >
                Download
              </a>
            ) : undefined,
        },
      ]}
    />
  );
}
