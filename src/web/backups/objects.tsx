import type { ObjectsDocument } from '../data/backup-documents.js';
import { useResource } from '../data/resource.js';
import { addressText } from '../routing/addresses.js';
import { useNavigation } from '../routing/navigation.js';
import { Listing } from './listing.js';
import { foldersTo, objectHref } from './names.js';
import { Failed, Loading } from './notices.js';
import { Preview } from './preview.js';

const PAGE_SIZE = 100;

/** The folders and objects of a backup, page by page. The query has the folder and the page. */
export function Objects({ destination, id }: { destination: string; id: string }) {
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
              object={query.object ?? ''}
              closeHref={withQuery({ object: undefined })}
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
