import type { Secret } from '../../config/secret.js';
import type { DaemonLog } from '../log.js';
import type { SendTiming } from './send.js';
import { sendWithRetries } from './send.js';

/** Notifies a monitoring service, in the form of healthchecks.io, of the start and end of each run. */
export interface Pings {
  start(name: string, runId: string): void;
  /** `null`: a signal ended it, or it could not start. */
  end(name: string, exitCode: number | null, runId: string): void;
  /**
   * Resolves when all pings under way have ended; those that go on after `limitMs` are given up.
   */
  idle(limitMs: number): Promise<void>;
}

export interface PingOptions {
  /** `{name}` in it stands for the entry's name. */
  url: Secret;
  log: DaemonLog;
  /** For tests. */
  fetch?: typeof fetch | undefined;
  timing?: SendTiming | undefined;
}

/** The limit keeps pings from piling up while the service does not answer. */
const MOST_UNDER_WAY = 100;

interface Ping {
  name: string;
  runId: string;
  /** The last segment of the path. */
  what: string;
}

/** Creates pings that are sent beside the runs: no run waits for a ping, or fails with one. */
export function createPings({ url, log, fetch, timing }: PingOptions): Pings {
  const underWay = new Set<Promise<void>>();
  /** The latest ping of each entry. */
  const latest = new Map<string, Promise<void>>();
  let giveUp = new AbortController();

  const send = async (ping: Ping, isLatest: () => boolean): Promise<void> => {
    const { name, runId, what } = ping;
    const target = urlOf(url.reveal(), ping);
    const problem = await sendWithRetries({
      url: target,
      init: { method: 'GET' },
      signal: giveUp.signal,
      // The ping for the end of a run must not wait long for the ping of its start.
      isWanted: () => what !== 'start' || isLatest(),
      fetch,
      timing,
    });
    if (problem === undefined) return;
    const fields = { entry: name, run: runId, ping: what, to: target.origin };
    log.warn(fields, `a ping did not arrive: ${problem}`);
  };

  const ping = (one: Ping): void => {
    const { name, runId, what } = one;
    const fields = { entry: name, run: runId, ping: what };
    if (underWay.size >= MOST_UNDER_WAY) {
      log.warn(fields, `a ping was not sent: ${MOST_UNDER_WAY} others are under way`);
      return;
    }
    // Pings are sent in order: a start that arrived after the end would look like a run that never ends.
    const before = latest.get(name) ?? Promise.resolve();
    const sent: Promise<void> = before
      .then(() => send(one, () => latest.get(name) === sent))
      .catch(() => log.warn(fields, 'a ping was not sent: its URL is not valid'))
      .then(() => {
        underWay.delete(sent);
        if (latest.get(name) === sent) latest.delete(name);
      });
    underWay.add(sent);
    latest.set(name, sent);
  };

  return {
    start: (name, runId) => ping({ name, runId, what: 'start' }),
    end: (name, exitCode, runId) => ping({ name, runId, what: endOf(exitCode) }),
    idle: async (limitMs) => {
      const { signal } = giveUp;
      const timer = setTimeout(() => giveUp.abort(), limitMs);
      while (underWay.size > 0) await Promise.all(underWay);
      clearTimeout(timer);
      if (signal.aborted) giveUp = new AbortController();
    },
  };
}

function endOf(exitCode: number | null): string {
  return exitCode !== null && exitCode >= 0 && exitCode <= 255 ? String(exitCode) : 'fail';
}

function urlOf(template: string, { name, runId, what }: Ping): URL {
  const url = new URL(template.replaceAll('{name}', encodeURIComponent(name)));
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${what}`;
  // The path is edited by hand, so that the query is not re-encoded.
  const query = url.search.slice(1);
  url.search = `${query === '' ? '' : `${query}&`}rid=${encodeURIComponent(runId)}`;
  return url;
}
