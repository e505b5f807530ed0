import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure, getDocument } from '../data/api.js';
import { reactionTo } from '../data/decisions.js';
import type { AuditDocument } from '../data/documents.js';
import { endSession } from '../data/session.js';
import { Command } from '../kit/copy.js';
import { Mark, Marked } from '../kit/marks.js';
import { Table, type Column } from '../kit/table.js';
import { addressText } from '../routing/addresses.js';
import { decimalOf, dollarsText } from '../text/decimal.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { clockText } from '../text/times.js';
import { secondsText } from './figures.js';
import { groupsOf, type Finding, type FindingGroup } from './findings.js';

/** The server gives up after a minute. */
const TIMEOUT_MS = 75_000;
/** More than this are counted, and told by the command alone. */
const MOST_FINDINGS = 500;

type State =
  | { kind: 'none' }
  | { kind: 'asking' }
  | { kind: 'failed'; message: string }
  | { kind: 'known'; document: AuditDocument; asOf: Date };

/**
 * What contradicts in the counters, for an administrator: of `user`, or of all users. An audit reads every
 * record, so that it runs only when somebody asks for it.
 */
export function Audit({ user }: { user: string | undefined }) {
  const [state, setState] = useState<State>({ kind: 'none' });
  const request = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => request.current?.abort(), []);
  const run = async (): Promise<void> => {
    const abort = new AbortController();
    request.current = abort;
    setState({ kind: 'asking' });
    const parameters = { user_id: user, limit: String(MOST_FINDINGS) };
    const path = addressText('/api/billing/audit', parameters);
    const options = { signal: abort.signal, timeoutMs: TIMEOUT_MS };
    try {
      const document = await getDocument<AuditDocument>(path, options);
      setState({ kind: 'known', document, asOf: new Date() });
    } catch (error) {
      if (abort.signal.aborted) return;
      const failure = error instanceof ApiFailure ? error : new ApiFailure(0, String(error));
      if (reactionTo(failure.reason) === 'login') endSession();
      setState({ kind: 'failed', message: failure.message });
    }
  };
  const stop = (): void => {
    request.current?.abort();
    setState({ kind: 'none' });
  };
  const isAsking = state.kind === 'asking';
  return (
    <section class="sec audit" aria-labelledby="audit-h" aria-busy={isAsking}>
      <header>
        <h2 id="audit-h">Audit</h2>
        <button type="button" onClick={() => (isAsking ? stop() : void run())}>
          {isAsking ? 'Stop' : state.kind === 'known' ? 'Audit again' : 'Audit now'}
        </button>
      </header>
      <p class="note" role="status">
        <Result state={state} whose={user ?? 'all users'} />
      </p>
      {state.kind === 'known' && <Findings document={state.document} user={user} />}
    </section>
  );
}

function Result({ state, whose }: { state: State; whose: string }) {
  switch (state.kind) {
    case 'none':
      return (
        <>
          Compares the lifetime totals of {whose} with the days and the jobs. It reads every record,
          and changes nothing.
        </>
      );
    case 'asking':
      return <>The records are being read. With many jobs, this takes up to a minute.</>;
    case 'failed':
      return (
        <>
          <Marked mark="failed" kind="failed">
            {state.message}
          </Marked>
          .
        </>
      );
    case 'known':
      return <Outcome {...state} />;
  }
}

function Outcome({ document, asOf }: { document: AuditDocument; asOf: Date }) {
  const { drift, notes, checked } = document;
  const amount = [
    countOf(checked.users, 'user'),
    countOf(checked.days, 'day'),
    countOf(checked.jobs, 'job'),
  ];
  const scope = `${amount.join(', ')} checked at ${clockText(asOf)} UTC.`;
  if (drift === 0) {
    return (
      <>
        <Marked mark="completed" kind="completed">
          {notes === 0 ? 'Nothing found' : 'Nothing is wrong'}
        </Marked>
        . {scope}
      </>
    );
  }
  return (
    <>
      <Marked mark="failed" kind="failed">
        {countOf(drift, 'finding')}
      </Marked>
      : something was billed wrongly, or not at all. {scope}
    </>
  );
}

function Findings({ document, user }: { document: AuditDocument; user: string | undefined }) {
  const { findings, drift, notes } = document;
  const missing = drift + notes - findings.length;
  return (
    <>
      {groupsOf(findings, 'drift').map((group) => (
        <Group key={group.kind} group={group} withUsers={user === undefined} />
      ))}
      {notes > 0 && (
        <details>
          <summary>{countOf(notes, 'note')}: what usually happens, and is billed rightly</summary>
          {groupsOf(findings, 'note').map((group) => (
            <Group key={group.kind} group={group} withUsers={user === undefined} />
          ))}
        </details>
      )}
      {missing > 0 && (
        <>
          <p class="note">{formatCount(missing)} more are told by the command:</p>
          <Command text={`mangamotion billing audit ${user ?? ''} --notes`.replace('  ', ' ')} />
        </>
      )}
    </>
  );
}

function Group({ group, withUsers }: { group: FindingGroup; withUsers: boolean }) {
  const { kind, title, means, remedy, findings } = group;
  const isDrift = findings[0]?.severity === 'drift';
  return (
    <div class="finding">
      <h3 class={`st ${isDrift ? 'failed' : ''}`.trim()}>
        <Mark name={isDrift ? 'failed' : 'skipped'} />
        {title}
      </h3>
      <p class="note">{means}</p>
      <p class="note">
        <b>What to do:</b> {remedy}
      </p>
      <Table
        label={title}
        class="snug"
        columns={withUsers ? [USER, ...COLUMNS] : COLUMNS}
        rows={findings}
        keyOf={(finding) => `${kind} ${finding.user_id ?? ''} ${finding.key ?? ''} ${finding.what}`}
      />
    </div>
  );
}

const USER: Column<Finding> = {
  id: 'user',
  title: 'User',
  isRowHead: true,
  cell: ({ user_id: user }) =>
    user === null ? (
      <span class="dim">–</span>
    ) : (
      <a href={addressText('/billing', { user })}>{user}</a>
    ),
};

const COLUMNS: readonly Column<Finding>[] = [
  {
    id: 'what',
    title: 'Found',
    class: 'wide',
    cell: ({ key, what, cause }) => (
      <>
        {key !== null && <span class="mono">{key}</span>} {what}{' '}
        <span class="quiet">probably: {cause}</span>
      </>
    ),
  },
  {
    id: 'usage',
    title: 'Difference',
    class: 'n',
    label: 'difference',
    cell: ({ difference }) => difference !== null && usageText(difference),
  },
  {
    id: 'cost',
    title: 'Cost',
    class: 'key',
    cell: ({ difference }) => difference !== null && dollarsText(decimalOf(difference.cost_exact)),
  },
];

/** `1.5 GiB, 300.00 s, 2 jobs`, without what is equal. */
function usageText(difference: NonNullable<Finding['difference']>): string {
  const { bytes_processed: bytes, compute_seconds: seconds, job_count: jobs } = difference;
  return [
    Number(bytes) === 0 ? '' : formatBytes(bytes),
    seconds === 0 ? '' : `${secondsText(seconds)} s`,
    Number(jobs) === 0 ? '' : countOf(jobs, 'job'),
  ]
    .filter(Boolean)
    .join(', ');
}
