import type { ProxySettings } from '../../config/proxy.js';
import type { Secret } from '../../config/secret.js';
import type { DaemonLog } from '../log.js';
import type { SendTiming } from './send.js';
import { sendWithRetries } from './send.js';

export interface PingOptions {
  /** `{name}` in it stands for the entry's name. */
  url: Secret;
  log: DaemonLog;
  proxies?: ProxySettings | undefined;
  /** For tests. */
  timing?: SendTiming | undefined;
}

/** The limit keeps pings from piling up while the service does not answer. */
const MOST_UNDER_WAY = 100;

/** As many as curl and browsers follow at least. */
const MOST_REDIRECTS = 5;

interface Ping {
  name: string;
  runId: string;
  /** The last segment of the path. */
  what: string;
}

/**
 * Notifies a monitoring service, in the form of healthchecks.io, of the start and end of each run. Pings
 * are sent beside the runs: no run waits for a ping, or fails with one.
 */
export class Pings {
  readonly #options: PingOptions;
  readonly #underWay = new Set<Promise<void>>();
  /** The latest ping of each entry. */
  readonly #latest = new Map<string, Promise<void>>();
  #giveUp = new AbortController();

  constructor(options: PingOptions) {
    this.#options = options;
  }

  start(name: string, runId: string): void {
    this.#ping({ name, runId, what: 'start' });
  }

  /** `exitCode` is `null` where a signal ended the run, or it could not start. */
  end(name: string, exitCode: number | null, runId: string): void {
    const isStatus = exitCode !== null && exitCode >= 0 && exitCode <= 255;
    this.#ping({ name, runId, what: isStatus ? String(exitCode) : 'fail' });
  }

  /** Resolves when all pings under way have ended; those that go on after `limitMs` are given up. */
  async idle(limitMs: number): Promise<void> {
    const { signal } = this.#giveUp;
    const timer = setTimeout(() => this.#giveUp.abort(), limitMs);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    clearTimeout(timer);
    if (signal.aborted) this.#giveUp = new AbortController();
  }

  #ping(ping: Ping): void {
    const { name, runId, what } = ping;
    const { log } = this.#options;
    const fields = { entry: name, run: runId, ping: what };
    if (this.#underWay.size >= MOST_UNDER_WAY) {
      log.warn(fields, `a ping was not sent: ${MOST_UNDER_WAY} others are under way`);
      return;
    }
    // Pings are sent in order: a start that arrived after the end would look like a run that never ends.
    const before = this.#latest.get(name) ?? Promise.resolve();
    const sent: Promise<void> = before
      .then(() => this.#send(ping, () => this.#latest.get(name) === sent))
      .catch(() => log.warn(fields, 'a ping was not sent: its URL is not valid'))
      .then(() => {
        this.#underWay.delete(sent);
        if (this.#latest.get(name) === sent) this.#latest.delete(name);
      });
    this.#underWay.add(sent);
    this.#latest.set(name, sent);
  }

  async #send(ping: Ping, isLatest: () => boolean): Promise<void> {
    const { url: template, log, timing, proxies } = this.#options;
    const { name, runId, what } = ping;
    const url = urlOf(template.reveal(), ping);
    const problem = await sendWithRetries({
      ...{ url, init: { method: 'GET', redirect: 'manual' }, proxies },
      ...{ signal: this.#giveUp.signal, timing, mostRedirects: MOST_REDIRECTS },
      // The ping for the end of a run must not wait long for the ping of its start.
      isWanted: () => what !== 'start' || isLatest(),
    });
    if (problem === undefined) return;
    const fields = { entry: name, run: runId, ping: what, to: url.origin };
    log.warn(fields, `a ping did not arrive: ${problem}`);
  }
}

function urlOf(template: string, { name, runId, what }: Ping): URL {
  const url = new URL(template.replaceAll('{name}', encodeURIComponent(name)));
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${what}`;
  // The path is edited by hand, so that the query is not re-encoded.
  const query = url.search.slice(1);
  url.search = `${query === '' ? '' : `${query}&`}rid=${encodeURIComponent(runId)}`;
  return url;
}
