import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { durationMs } from '../../duration.js';
import { isMangamotionError } from '../../errors.js';
import { chooseRuns, readRuns } from '../../reports/schedule/history.js';
import { upcomingDocument } from '../../reports/schedule/next.js';
import { readStatus } from '../../reports/schedule/status.js';
import type { Entry } from '../../schedule/crontab/entry.js';
import { upcoming, type EntryStatus } from '../../schedule/reports.js';
import { readLogEnd } from '../../schedule/run/read-log.js';
import type { PendingFiring } from '../../schedule/state/record.js';
import { holderOf, requestsFolderOf } from '../../schedule/state/recorded.js';
import { DAEMON, handOver } from '../../schedule/state/requests.js';
import { jsonAnswer } from '../answer.js';
import { NOT_MODIFIED_ANSWER, tagOf, taggedAnswer } from '../tagged-answer.js';
import { notFound, RequestFailure } from '../failure.js';
import { defineRoute, type Route } from '../route.js';
import type { ScheduleService } from '../schedule-service.js';
import { flag, wholeNumber } from '../schemas/parameters.js';
import { historyDocument, requestedRunDocument, scheduleDocument } from '../schemas/schedule.js';
import type { Services } from '../services.js';

const LOG_BYTES = 256 * 1024;
const MOST_LOG_BYTES = 1024 * 1024;
/** A daemon that works takes a request at once. */
const TAKEN_WITHIN_MS = 10_000;

const entryName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be the name of an entry'),
  v.description('the name of an entry of the schedule'),
);
const runId = v.pipe(
  v.string(),
  v.nonEmpty('is empty'),
  v.maxLength(200, 'is longer than 200'),
  v.description('the id of a run in the history'),
);
const maxAge = v.optional(
  v.pipe(
    v.string(),
    v.transform((text) => durationMs(text) ?? 0),
    v.check((ms) => ms > 0, 'must be a duration such as 90s, 30m, 26h or 7d'),
    v.description('the maximum age of the last success of each entry'),
  ),
);

export function scheduleRoutes(services: Services): Route[] {
  const { now } = services;
  const schedule = (): ScheduleService => {
    if (services.schedule === undefined) throw notFound('no schedule is served here');
    return services.schedule;
  };
  /** The entries that are on their way to the daemon. */
  const requested = new Set<string>();

  return [
    defineRoute({
      method: 'GET',
      path: '/api/schedule',
      summary: 'What the schedule runs now and next',
      access: 'admin',
      params: {},
      query: { count: wholeNumber(1, 1000, 10), max_age: maxAge },
      answers: {
        200: {
          description: 'the documents of `schedule status` and `schedule next`',
          schema: scheduleDocument,
        },
        ...NOT_MODIFIED_ANSWER,
      },
      failures: [400, 404, 502, 503],
      async respond({ query, signal, header }) {
        const { folder } = schedule();
        const entries = await entriesOf(schedule());
        const request = { folder, now: now(), signal, maxAgeMs: query.max_age };
        const { daemon, entries: statuses, state } = await readStatus(entries, request);
        const runs = upcoming(entries, now(), query.count).map(upcomingDocument);
        const document = {
          status: { daemon, entries: statuses },
          next: { runs },
          running: runningOf(statuses, state.state?.pending ?? []),
          problem: unusableText(state.kind === 'unusable' ? state.reason : undefined),
        };
        return taggedAnswer(() => document, { tag: tagOf(document), header });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/schedule/history',
      summary: 'Past runs, the latest first',
      access: 'admin',
      params: {},
      query: { limit: wholeNumber(1, 1000, 20), name: v.optional(entryName), failed: flag },
      answers: {
        200: { description: 'the document of `schedule history`', schema: historyDocument },
        ...NOT_MODIFIED_ANSWER,
      },
      failures: [400, 404, 503],
      async respond({ query: { limit, name, failed }, header }) {
        const runs = await readRuns(schedule().folder);
        const chosen = chooseRuns(runs, { name, failedOnly: failed, limit });
        const document = {
          ...{ runs: chosen, damaged_lines: runs.damaged },
          problem: unusableText(runs.unusable),
        };
        return taggedAnswer(() => document, { tag: tagOf(document), header });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/schedule/runs/{id}/log',
      summary: 'The end of the log of a run',
      access: 'admin',
      params: { id: runId },
      query: { bytes: wholeNumber(1, MOST_LOG_BYTES, LOG_BYTES) },
      answers: { 200: { description: 'what the run printed', types: ['text/plain'] } },
      failures: [400, 404, 409, 503],
      async respond({ params: { id }, query: { bytes } }) {
        const { folder } = schedule();
        const { records, state } = await readRuns(folder);
        const run = [...state.pending, ...records].find((one) => one.id === id);
        if (run === undefined) throw notFound('there is no such run');
        if (run.log_file === null) throw notFound('this run has no log');
        const end = await readLogEnd(folder, run.log_file, bytes);
        return new Response(new Uint8Array(end.bytes), {
          headers: {
            'content-type': 'text/plain; charset=utf-8',
            'cache-control': 'no-store',
            'x-log-cut': String(end.isCut),
          },
        });
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/schedule/{name}/run',
      summary: 'Ask the daemon to run an entry',
      access: 'admin',
      params: { name: entryName },
      query: {},
      answers: {
        202: { description: 'the daemon has taken the request', schema: requestedRunDocument },
      },
      failures: [400, 404, 409, 502, 503],
      async respond({ params: { name }, signal }) {
        const service = schedule();
        const entries = await entriesOf(service);
        if (!entries.some((entry) => entry.name === name))
          throw notFound('the schedule has no such entry');
        if (requested.has(name)) throw alreadyRuns();
        requested.add(name);
        try {
          return jsonAnswer(await requestRun(service, { name, entries, now, signal }), {
            status: 202,
          });
        } finally {
          requested.delete(name);
        }
      },
    }),
  ];
}

/** The runs of the entries that run, as far as they have a log. */
function runningOf(statuses: readonly EntryStatus[], pending: readonly PendingFiring[]) {
  return statuses.flatMap(({ name, state, running_since: since }) => {
    if (state !== 'running') return [];
    const run = pending.find(
      (one) => one.name === name && one.started_at === since && one.log_file !== null,
    );
    return run === undefined || since === null ? [] : [{ id: run.id, name, started_at: since }];
  });
}

/** A mistake in the schedule is told to the administrator as it is. */
async function entriesOf(schedule: ScheduleService): Promise<readonly Entry[]> {
  try {
    return await schedule.entries();
  } catch (error) {
    if (!isMangamotionError(error, 'configuration', 'usage')) throw error;
    throw new RequestFailure(502, error.message, { code: 'damaged', cause: error });
  }
}

interface RequestedEntry {
  name: string;
  entries: readonly Entry[];
  now: () => Date;
  signal: AbortSignal;
}

async function requestRun(
  { folder }: ScheduleService,
  { name, entries, now, signal }: RequestedEntry,
) {
  const held = await holderOf(folder, { now: now(), signal });
  if (held?.holder.owner.command !== DAEMON) throw noDaemon();
  const status = await readStatus(entries, { folder, now: now(), signal, maxAgeMs: undefined });
  if (status.entries.some((entry) => entry.name === name && entry.state !== 'idle'))
    throw alreadyRuns();
  const requests = await requestsFolderOf(folder, { now: now(), signal });
  const requestedAt = now();
  const request = { folder: requests, name, id: randomUUID(), now, signal };
  const isTaken = await handOver(request, TAKEN_WITHIN_MS).catch((error: unknown) => {
    if (isMangamotionError(error, 'unreachable')) throw noDaemon('the daemon does not answer');
    throw error;
  });
  if (!isTaken) throw noDaemon();
  return { id: request.id, name, requested_at: requestedAt.toISOString() };
}

function alreadyRuns(): RequestFailure {
  return new RequestFailure(409, 'it is already running, or waits for another run', {
    code: 'locked',
  });
}

function noDaemon(message = 'no daemon is running'): RequestFailure {
  return new RequestFailure(503, message, {
    code: 'unavailable',
    headers: { 'retry-after': '5' },
  });
}

function unusableText(reason: string | undefined): string | null {
  return reason === undefined ? null : `the state cannot be used: ${reason}`;
}
