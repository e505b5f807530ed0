import { BackupsTable, Timeline } from '../backups/chain-view.js';
import { chainOf } from '../backups/chain.js';
import { Destinations } from '../backups/destinations.js';
import { Drills } from '../backups/drills.js';
import { Expiry } from '../backups/expiry.js';
import { Faults } from '../backups/faults.js';
import { Growth } from '../backups/growth.js';
import { Inside } from '../backups/inside.js';
import { standingOf } from '../backups/standing.js';
import type { DestinationDocument, DestinationsDocument } from '../data/backup-documents.js';
import { useResource } from '../data/resource.js';
import { Command } from '../kit/copy.js';
import { useFreshness } from '../kit/freshness.js';
import { Head } from '../kit/head.js';
import { Heading } from '../kit/heading.js';
import { Marked } from '../kit/marks.js';
import { minute } from '../kit/minute.js';
import { State } from '../kit/state.js';
import { useNavigation, useTitle } from '../routing/navigation.js';
import { countOf, formatCount } from '../text/numbers.js';

const EVERY_SECONDS = 60;
/** Destinations that the sentence names; the table has them all. */
const MOST_NAMED = 3;
const DEFAULT_DAYS = 7;
const LONG_DAYS = 30;

/** Whether backups are in order. The query has the destination, the range, and the backup that is open. */
export default function BackupsPage() {
  useTitle('Backups');
  const { query, withQuery } = useNavigation();
  const resource = useResource<DestinationsDocument>('/api/backups', {
    everyMs: EVERY_SECONDS * 1000,
  });
  useFreshness(resource, EVERY_SECONDS);
  const destinations = resource.known.value.data?.destinations;
  if (destinations?.length === 0) return <NoDestination />;
  const chosen =
    destinations?.find(({ destination }) => destination === query.destination) ?? destinations?.[0];
  const status = chosen?.status ?? null;
  const closed = { backup: undefined, folder: undefined, after: undefined, object: undefined };
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Head
        title="Backups"
        resource={resource}
        about={(data) => data.destinations.map((one) => standingOf(one, minute.value).word).join()}
      >
        {(data) => <Sentence destinations={data.destinations} />}
      </Head>
      {destinations !== undefined && (
        <Destinations
          destinations={destinations}
          chosen={chosen?.destination}
          hrefOf={(destination) => withQuery({ ...closed, destination })}
        />
      )}
      {chosen !== undefined && <Chain key={chosen.destination} destination={chosen} />}
      {chosen !== undefined && query.backup !== undefined && (
        <Inside
          key={`${chosen.destination} ${query.backup}`}
          destination={chosen.destination}
          id={query.backup}
        />
      )}
      {chosen !== undefined && <Drills destination={chosen.destination} drills={chosen.drills} />}
      {chosen !== undefined && status !== null && (
        <div class="two even">
          <Growth items={chainOf(chosen, LONG_DAYS, minute.value)} status={status} />
          <Expiry status={status} />
        </div>
      )}
    </main>
  );
}

function Sentence({ destinations }: { destinations: readonly DestinationDocument[] }) {
  const bad = destinations.filter((one) => !standingOf(one, minute.value).isInOrder);
  if (bad.length === 0) {
    return (
      <>
        <Marked mark="completed" kind="ok">
          {destinations.length === 1 ? 'The destination is' : `All ${destinations.length} are`} in
          order
        </Marked>
        .
      </>
    );
  }
  return (
    <>
      <Marked mark="failed" kind="failed">
        {bad.length} of {destinations.length}
      </Marked>{' '}
      {destinations.length === 1 ? 'destination' : 'destinations'} {bad.length === 1 ? 'is' : 'are'}{' '}
      not in order:{' '}
      {bad.slice(0, MOST_NAMED).map((one, index) => (
        <span key={one.destination}>
          {index > 0 && ', '}
          <b>{one.destination}</b> {standingOf(one, minute.value).because}
        </span>
      ))}
      {bad.length > MOST_NAMED && `, and ${formatCount(bad.length - MOST_NAMED)} more`}.
    </>
  );
}

function Chain({ destination: one }: { destination: DestinationDocument }) {
  const { query, withQuery } = useNavigation();
  const { destination, list, status } = one;
  const days = query.last === '30d' ? LONG_DAYS : DEFAULT_DAYS;
  const time = minute.value;
  const items = chainOf(one, days, time);
  const count = (state: string): number => items.filter((item) => item.state === state).length;
  const label =
    `Backups in ${destination} of the last ${days} days: ${items.length}, of which ` +
    `${count('suspect')} suspect and ${count('missing')} missing; the table below lists them`;
  return (
    <section class="sec" aria-labelledby="chain-h">
      <header>
        <h2 id="chain-h" tabIndex={-1}>
          {destination}
        </h2>
        <div class="seg" role="group" aria-label="Range">
          {[DEFAULT_DAYS, LONG_DAYS].map((range) => (
            <a
              key={range}
              href={withQuery({ last: range === DEFAULT_DAYS ? undefined : `${range}d` })}
              aria-current={days === range ? 'true' : undefined}
            >
              {range} days
            </a>
          ))}
        </div>
      </header>
      <Faults destination={one} />
      {list === null ? (
        <p class="note">What it holds is not known: it could not be read.</p>
      ) : list.backups.length === 0 ? (
        <State mark="skipped" title={`No backup in ${destination}`}>
          <Command text={`mangamotion backup full ${destination}`} />
        </State>
      ) : (
        <>
          <Timeline items={items} days={days} now={time} label={label} />
          {items.length === 0 ? (
            <p class="note">
              It has {countOf(list.backups.length, 'backup')}, none of the last {days} days.
            </p>
          ) : (
            <div class="under">
              <BackupsTable
                items={items}
                label={`Backups in ${destination}`}
                chosen={query.backup}
                expiring={status?.lines ?? []}
                hrefOf={(backup) =>
                  withQuery({
                    ...{ destination, backup },
                    ...{ folder: undefined, after: undefined, object: undefined },
                  })
                }
              />
            </div>
          )}
        </>
      )}
    </section>
  );
}

function NoDestination() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="Backups" hidden />
      <State mark="skipped" title="No destination is named">
        <p>Start serve with --backup DEST, once for each.</p>
        <Command text="mangamotion serve --backup /mnt/backup" />
      </State>
    </main>
  );
}
