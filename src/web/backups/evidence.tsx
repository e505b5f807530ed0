import type { DestinationDocument, VerificationDocument } from '../data/backup-documents.js';
import { now } from '../kit/clock.js';
import { Marked } from '../kit/marks.js';
import { Ago } from '../kit/time.js';
import { countOf, formatBytes } from '../text/numbers.js';
import { agoText, limitText } from '../text/times.js';
import { Fact, Limit, Unknown } from './fact.js';
import {
  gaugeOf,
  ofLimitText,
  secondsSince,
  shownDrill,
  verdictText,
  type Gauge,
} from './standing.js';

interface Props {
  destination: DestinationDocument;
}

/** When the archives were last read, by `backup verify --within`, or else by an entry of the schedule. */
export function Verified({ destination }: Props) {
  const { status, last_verified: verified, problem } = destination;
  const verification = status?.verification ?? null;
  if (verification !== null) return <ReadWithin {...{ verification, destination }} />;
  if (verified !== null) {
    const gauge = gaugeOf(secondsSince(verified.at, now.value), verified.limit_seconds);
    return (
      <Fact
        state={gauge?.state ?? 'unknown'}
        isOld={problem !== null}
        gauge={gauge}
        text={`${gauge?.text ?? ''}; one backup, entry ${verified.entry}`}
      >
        <Ago time={verified.at} />
      </Fact>
    );
  }
  if (status === null) return <Unknown>the destination cannot be read</Unknown>;
  return (
    <>
      <Marked mark="unknown">none is recorded</Marked>
      <Limit>backup verify --within keeps a record</Limit>
    </>
  );
}

function ReadWithin({
  verification: one,
  destination: { problem, last_verified: verified },
}: Props & { verification: VerificationDocument }) {
  const { status, oldest_read_at: oldest, within_seconds: within, last_run_at: last } = one;
  const isGood = status === 'ok';
  // Where a part was never read, no age says how it stands.
  const gauge = oldest === null ? undefined : gaugeOf(secondsSince(oldest, now.value), within);
  return (
    <Fact
      state={!isGood ? 'over' : (gauge?.state ?? 'ok')}
      isOld={problem !== null}
      gauge={gauge && { ...gauge, state: isGood ? gauge.state : 'over' }}
      text={
        <>
          limit {limitText(within)}, {shareText(one, now.value)}
          {verified !== null && (
            <>
              ; entry {verified.entry} read one backup <Ago time={verified.at} />
            </>
          )}
        </>
      }
    >
      <Ago time={last} />
    </Fact>
  );
}

/** Rounded down: 99.9 % is not everything. */
function shareText(one: VerificationDocument, time: Date): string {
  const { total_bytes: total, read_bytes: read, damaged_bytes: damaged } = one;
  if (one.status === 'overdue') return `${formatBytes(one.overdue_bytes)} not read for longer`;
  if (damaged > 0) return `${formatBytes(damaged)} damaged`;
  if (total > 0 && read >= total && one.oldest_read_at !== null)
    return `oldest part ${agoText(new Date(one.oldest_read_at), time)}`;
  return `${total === 0 ? 0 : Math.floor((read / total) * 100)} % read`;
}

const STATES: Readonly<Record<DestinationDocument['drills']['status'], Gauge['state']>> = {
  met: 'ok',
  missed: 'over',
  not_proven: 'unknown',
  overdue: 'over',
  never: 'unknown',
  unknown: 'unknown',
};

/** The last drill: one that missed its objective, if there is one. */
export function Drilled({ destination: { drills } }: Props) {
  const { status, limit_seconds: limit, damaged, problem, last } = drills;
  const unreadable =
    damaged > 0
      ? `${countOf(damaged, 'record')} cannot be read`
      : problem === null
        ? undefined
        : 'records cannot be read';
  const drill = shownDrill(last);
  if (drill === undefined) {
    if (status === 'unknown') return <Unknown>{unreadable}</Unknown>;
    return (
      <>
        <Marked mark="skipped">never</Marked>
        <Limit>limit {limitText(limit)}</Limit>
      </>
    );
  }
  const { at, scenario, verdict, rto_seconds: rto, rto_limit_seconds: most, extrapolated } = drill;
  const gauge = gaugeOf(secondsSince(last[0]?.at ?? at, now.value), limit);
  const took = rto === null ? '' : ` in ${ofLimitText(rto, most, extrapolated)}`;
  return (
    <Fact
      state={status === 'met' ? (gauge?.state ?? 'ok') : STATES[status]}
      gauge={gauge}
      text={[gauge?.text, `${scenario}${took}`, unreadable].filter(Boolean).join(', ')}
    >
      {status === 'overdue' && 'overdue, '}
      {verdictText(verdict)}
      {status === 'overdue' ? ' ' : ', '}
      <Ago time={at} />
    </Fact>
  );
}
