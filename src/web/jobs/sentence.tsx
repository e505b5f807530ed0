import { now } from '../kit/clock.js';
import { Marked } from '../kit/marks.js';
import { formatCount } from '../text/numbers.js';
import { spanText } from '../text/times.js';

export interface JobFigures {
  /** By status, and `all`. */
  counts: Readonly<Record<string, number>>;
  processing: number;
  pending: number;
  all: number;
  /** `null`: the server cannot tell. */
  workers: number | null;
  isDead: boolean;
  /** When the job was created that has waited longest; `undefined`: not known. */
  oldestWaiting: string | undefined;
}

/** What the sentence is about: it is spoken when this changes. */
export function topicOf({ isDead, all, pending, processing }: JobFigures): string {
  if (all === 0) return 'none';
  if (isDead) return 'dead';
  return pending + processing === 0 ? 'idle' : 'busy';
}

/** How many run and wait, on how many workers. */
export function Sentence({ figures }: { figures: JobFigures }) {
  const { processing, pending, workers, oldestWaiting } = figures;
  const longest = oldestWaiting === undefined ? undefined : <Since time={oldestWaiting} />;
  switch (topicOf(figures)) {
    case 'dead':
      return (
        <>
          <Marked mark="failed" kind="failed">
            No worker is connected
          </Marked>
          {pending > 0 && (
            <>
              : <Jobs count={pending} one="waits" many="wait" />
              {longest !== undefined && (
                <>
                  , {pending === 1 ? 'it has waited' : 'the longest'} for <b>{longest}</b>
                </>
              )}
            </>
          )}
          .
        </>
      );
    case 'none':
      return <>There are no jobs yet.</>;
    case 'idle':
      return (
        <>
          Nothing is processing, and nothing waits.
          {workers !== null && workers > 0 && (
            <>
              {' '}
              <b>{formatCount(workers)}</b> {workers === 1 ? 'worker is' : 'workers are'} ready.
            </>
          )}
        </>
      );
    default:
      return (
        <>
          {processing === 0 ? (
            'Nothing is processing'
          ) : (
            <Jobs count={processing} one="is processing" many="are processing" />
          )}
          {workers !== null && (
            <>
              {' '}
              on <b>{formatCount(workers)}</b> {workers === 1 ? 'worker' : 'workers'}
            </>
          )}
          {pending === 0 ? (
            ', nothing waits.'
          ) : (
            <>
              , <b>{formatCount(pending)}</b> {pending === 1 ? 'waits' : 'wait'}.
            </>
          )}
          {pending > 0 && longest !== undefined && (
            <>
              {' '}
              The longest has waited <b>{longest}</b>.
            </>
          )}
        </>
      );
  }
}

function Jobs({ count, one, many }: { count: number; one: string; many: string }) {
  return (
    <>
      <b>{formatCount(count)}</b> {count === 1 ? `job ${one}` : `jobs ${many}`}
    </>
  );
}

function Since({ time }: { time: string }) {
  return <>{spanText((now.value.getTime() - Date.parse(time)) / 1000)}</>;
}
