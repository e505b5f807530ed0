import { useEffect, useRef } from 'preact/hooks';
import type { ShownBackupDocument } from '../data/backup-documents.js';
import { useResource } from '../data/resource.js';
import { useGiveBack } from '../kit/give-back.js';
import { useKeys } from '../kit/keys.js';
import { addressText } from '../routing/addresses.js';
import { useNavigation } from '../routing/navigation.js';
import { shortId } from './chain.js';
import { Commands } from './commands.js';
import { Facts } from './facts.js';
import { backupPath } from './names.js';
import { Failed, Loading } from './notices.js';
import { Objects } from './objects.js';

interface InsideProps {
  destination: string;
  id: string;
}

/** A backup: its summary, its folders and objects, and the commands for a terminal. */
export function Inside({ destination, id }: InsideProps) {
  const { query, withQuery, go } = useNavigation();
  const part = useRef<HTMLDivElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  // It opens below a table that may be long.
  useEffect(() => title.current?.focus(), []);
  const address = `/api/backups/${encodeURIComponent(id)}`;
  const { data, failure } = useResource<ShownBackupDocument>(addressText(address, { destination }))
    .known.value;
  const close = { backup: undefined, folder: undefined, after: undefined, object: undefined };
  const hasPreview = query.object !== undefined;
  useKeys({ Escape: () => go(withQuery(hasPreview ? { object: undefined } : close)) });
  useGiveBack(part, { opener: id, otherwise: 'chain-h' });
  return (
    <div ref={part}>
      <section class="sec" aria-labelledby="inside-h">
        <header>
          <h2 id="inside-h" tabIndex={-1} ref={title}>
            Inside {shortId(id)}
          </h2>
          <a href={withQuery(close)}>Close</a>
        </header>
        {data !== undefined ? (
          <Facts backup={data} />
        ) : failure !== undefined ? (
          <Failed message={failure.message} />
        ) : (
          <Loading />
        )}
        {data !== undefined && <Objects destination={destination} id={id} />}
      </section>
      {data !== undefined && <Commands path={backupPath(destination, id)} />}
    </div>
  );
}
