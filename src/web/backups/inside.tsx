import { useEffect, useRef, useState } from 'preact/hooks';
import type { ObjectsDocument, ShownBackupDocument } from '../data/backup-documents.js';
import { useResource } from '../data/resource.js';
import { Command } from '../kit/copy.js';
import { Delayed } from '../kit/delayed.js';
import { Mark } from '../kit/marks.js';
import { Table } from '../kit/table.js';
import { Ago, Utc } from '../kit/time.js';
import { addressText } from '../routing/addresses.js';
import { useNavigation } from '../routing/navigation.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { durationText } from '../text/times.js';
import { shortId } from './chain.js';
import { backupPath, commandLine, foldersTo, isImage, objectHref } from './names.js';

const PAGE_SIZE = 100;

interface InsideProps {
  destination: string;
  id: string;
}

/** A backup: its summary, its folders and objects, and the commands for a terminal. */
export function Inside({ destination, id }: InsideProps) {
  const { withQuery } = useNavigation();
  const title = useRef<HTMLHeadingElement>(null);
  // It opens below a table that may be long.
  useEffect(() => title.current?.focus(), []);
  const address = `/api/backups/${encodeURIComponent(id)}`;
  const { data, failure } = useResource<ShownBackupDocument>(addressText(address, { destination }))
    .known.value;
  const close = { backup: undefined, folder: undefined, after: undefined, object: undefined };
  return (
    <>
      <section class="sec" aria-labelledby="inside-h">
        <header>
          <h2 id="inside-h" tabIndex={-1} ref={title}>
            Inside {shortId(id)}
          </h2>
          <a href={withQuery(close)}>Close</a>
        </header>
        {data !== undefined ? (
          <Summary backup={data} />
        ) : failure !== undefined ? (
          <Failed message={failure.message} />
        ) : (
          <Loading />
        )}
        {data !== undefined && <Objects destination={destination} id={id} />}
      </section>
      {data !== undefined && <Commands path={backupPath(destination, id)} />}
    </>
  );
}

function Summary({ backup }: { backup: ShownBackupDocument }) {
  if (backup.status === 'legacy') {
    return (
      <dl class="facts">
        <dt>Made by</dt>
        <dd>backup-minio.sh, as a {backup.form}</dd>
        <dt>Archive</dt>
        <dd>{backup.archive_bytes === null ? '?' : formatBytes(backup.archive_bytes)}</dd>
      </dl>
    );
  }
  const { objects, failures, suspicious, references } = backup;
  const failed = failures.length + backup.failures_omitted;
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd>
        {backup.type}, {backup.status}
        {backup.untrusted_because !== undefined && `: ${backup.untrusted_because}`}
      </dd>
      <dt>Created</dt>
      <dd>
        <Utc time={backup.created_at} />, took {durationText(backup.duration_seconds)}
      </dd>
      <dt>Source</dt>
      <dd>{backup.source.name ?? backup.source.endpoint}</dd>
      <dt>Objects</dt>
      <dd>
        {formatCount(objects.captured + objects.unchanged)}, {formatBytes(backup.bytes)} in{' '}
        {countOf(backup.buckets.length, 'bucket')}
      </dd>
      <dt>Archive</dt>
      <dd>
        {formatBytes(backup.archive_bytes)}
        {references.length > 0 && `; needs ${countOf(references.length, 'other backup')}`}
      </dd>
      {failed > 0 && (
        <>
          <dt>Failed</dt>
          <dd class="failed">
            {countOf(failed, 'object')}: {failures[0]?.reason}
          </dd>
        </>
      )}
      {suspicious.map(({ bucket, before, deleted }) => (
        <>
          <dt>Suspect</dt>
          <dd class="suspect">
            {bucket}: {formatCount(deleted)} of {formatCount(before)} objects are gone
          </dd>
        </>
      ))}
    </dl>
  );
}

function Objects({ destination, id }: InsideProps) {
  const { query, withQuery } = useNavigation();
  const prefix = query.folder ?? '';
  const path = addressText(`/api/backups/${encodeURIComponent(id)}/objects`, {
    ...{ destination, prefix, after: query.after, limit: String(PAGE_SIZE) },
  });
  const { data, failure } = useResource<ObjectsDocument>(path).known.value;
  const to = (folder: string | undefined, after?: string): string =>
    withQuery({ folder, after, object: undefined });
  const folders = foldersTo(prefix);
  const chosen = data?.objects.find((one) => `${one.bucket}/${one.key}` === query.object);
  return (
    <div class="inside">
      <nav aria-label="Folder">
        <a href={to(undefined)} aria-current={prefix === '' ? 'page' : undefined}>
          All buckets
        </a>
        {folders.map(({ name, prefix: one }) => (
          <span key={one}>
            {' '}
            <span class="quiet">/</span>{' '}
            <a href={to(one)} aria-current={one === prefix ? 'page' : undefined}>
              {name}
            </a>
          </span>
        ))}
      </nav>
      {data === undefined ? (
        failure === undefined ? (
          <Loading />
        ) : (
          <Failed message={failure.message} />
        )
      ) : data.folders.length + data.objects.length === 0 ? (
        <p class="note">There is nothing in this folder.</p>
      ) : (
        <div class={chosen === undefined ? undefined : 'two'}>
          <div>
            <Listing
              {...{ data, destination, id, prefix, chosen: query.object }}
              folderHref={to}
              objectHrefOf={(object) => withQuery({ object })}
            />
            <p class="note">
              {query.after !== undefined && <a href={to(prefix)}>First page</a>}{' '}
              {data.next !== null && <a href={to(prefix, data.next)}>Next page</a>} Each download
              reads only its own part of the archive and checks its SHA-256.
            </p>
          </div>
          {chosen !== undefined && (
            <Preview
              key={query.object}
              src={objectHref(destination, id, chosen)}
              name={chosen.key}
              bytes={chosen.size}
            />
          )}
        </div>
      )}
    </div>
  );
}

interface ListingProps extends InsideProps {
  data: ObjectsDocument;
  prefix: string;
  chosen: string | undefined;
  folderHref: (prefix: string) => string;
  objectHrefOf: (name: string) => string;
}

type Row =
  | { folder: ObjectsDocument['folders'][number]; name: string }
  | { object: ObjectsDocument['objects'][number]; name: string };

function Listing({
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

function Preview({ src, name, bytes }: { src: string; name: string; bytes: number }) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) {
    return <p class="note">The preview of {name} cannot be shown. Its download may say why.</p>;
  }
  return (
    <figure>
      <img
        class="preview whole"
        src={src}
        alt={`Preview of ${name}`}
        onError={() => setBroken(true)}
      />
      <figcaption class="note">
        <span class="mono">{name}</span>, {formatBytes(bytes)}
      </figcaption>
    </figure>
  );
}

function Commands({ path }: { path: string }) {
  return (
    <section class="sec" aria-labelledby="commands-h">
      <h2 id="commands-h">Commands</h2>
      <p class="note">Nothing here deletes or restores: these do, in a terminal.</p>
      <Command text={commandLine('mangamotion', 'backup', 'verify', path)} />
      <Command text={commandLine('mangamotion', 'restore', path, '--dry-run')} />
      <Command text={commandLine('mangamotion', 'restore', path)} />
    </section>
  );
}

function Failed({ message }: { message: string }) {
  return (
    <p class="err" role="alert">
      <Mark name="failed" />
      <span>{message}.</span>
    </p>
  );
}

function Loading() {
  return (
    <Delayed>
      <p class="note">Loading</p>
    </Delayed>
  );
}
