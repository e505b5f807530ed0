import { toJson } from '../../json.js';
import type { JobAccess } from '../../reports/jobs/access.js';
import { listed, type ListedJob } from '../../reports/jobs/documents.js';
import { startLongTimer } from '../../schedule/timers.js';
import { RequestFailure } from '../failure.js';
import { audienceKey, newsFor, newsOfMissed, type Audience } from './audience.js';
import type { Change } from './changes.js';
import { EventClient } from './event-client.js';
import { FeedRun, type FeedConnections } from './feed-run.js';
import { message } from './message.js';

const PING_MS = 15_000;
/** A client whose credentials have expired may take what was sent for this long. */
const EXPIRED_GRACE_MS = 10_000;

export interface JobFeedOptions {
  /** Opens what a run reads from, until the signal. */
  connect: (signal: AbortSignal) => FeedConnections;
  /** The document of a job. */
  documentOf: (job: ListedJob) => object;
}

export interface Subscription {
  audience: Audience;
  /** The id of the last event that the client has seen. */
  lastEventId: string | undefined;
  /** After this time the client has to log in again; `undefined` where nothing expires. */
  expiresInMs: number | undefined;
  signal: AbortSignal;
  /** Ends the client's connection at once. */
  cut: () => void;
}

interface Group {
  audience: Audience;
  clients: Set<EventClient>;
}

/**
 * Tells any number of clients what changes in the queue. One reader of the queue's events serves them all:
 * it starts with the first client and stops after the last.
 */
export class JobFeed {
  readonly #options: JobFeedOptions;
  readonly #groups = new Map<string, Group>();
  readonly #clients = new Set<EventClient>();
  #running: { run: FeedRun; stop: () => void } | undefined;
  #pings: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: JobFeedOptions) {
    this.#options = options;
  }

  /** The number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  /**
   * Resolves to the stream of a client's messages when it is known from where on changes are told, or that
   * Redis is away: what the client reads of the jobs afterwards is as new. Rejects with 503 while the
   * server ends.
   */
  async subscribe(subscription: Subscription): Promise<ReadableStream<Uint8Array>> {
    if (this.#isClosed) {
      throw new RequestFailure(503, 'the server is ending', {
        code: 'unavailable',
        headers: { 'retry-after': '5' },
      });
    }
    const { audience, lastEventId, expiresInMs, signal, cut } = subscription;
    let cancelExpiry = (): void => undefined;
    const close = (): void => client.close();
    const client = new EventClient({
      cut,
      onClose: () => {
        cancelExpiry();
        signal.removeEventListener('abort', close);
        this.#left(client, audience);
      },
    });
    this.#clients.add(client);
    if (expiresInMs !== undefined)
      cancelExpiry = startLongTimer(() => expire(client, cut), expiresInMs);
    this.#pings ??= setInterval(() => this.#ping(), PING_MS);
    const { run } = (this.#running ??= this.#start());
    await run.untilReady();
    if (signal.aborted) client.close();
    else signal.addEventListener('abort', close, { once: true });
    if (this.#clients.has(client)) this.#welcome(run, client, { audience, lastEventId });
    return client.stream;
  }

  /** Tells all clients that the server ends, and ends their streams. */
  close(): void {
    this.#isClosed = true;
    this.#toAll(message('shutdown', '{}'));
    for (const client of [...this.#clients]) client.close();
  }

  #welcome(
    run: FeedRun,
    client: EventClient,
    { audience, lastEventId }: Pick<Subscription, 'audience' | 'lastEventId'>,
  ): void {
    const isBack = lastEventId !== undefined;
    client.send(bytesOf(message('ping', '{}', isBack ? undefined : run.toldTo)));
    if (run.isAway) client.send(bytesOf(redisMessage('away')));
    if (!isBack) {
      this.#join(client, audience);
      return;
    }
    const isHere = (): boolean => this.#clients.has(client);
    run.comeBack({
      after: lastEventId,
      reset: () => {
        if (!isHere()) return;
        client.send(bytesOf(message('reset', '{}', run.toldTo)));
        this.#join(client, audience);
      },
      changed: (access, changes) => {
        if (!isHere()) return;
        const texts = this.#texts(access, changes, run.toldTo);
        client.send(bytesOf(textFor(changes, texts, (change) => newsOfMissed(audience, change))));
        this.#join(client, audience);
      },
    });
  }

  #join(client: EventClient, audience: Audience): void {
    const key = audienceKey(audience);
    const group = this.#groups.get(key) ?? { audience, clients: new Set() };
    group.clients.add(client);
    this.#groups.set(key, group);
  }

  #left(client: EventClient, audience: Audience): void {
    this.#clients.delete(client);
    const key = audienceKey(audience);
    const group = this.#groups.get(key);
    group?.clients.delete(client);
    if (group?.clients.size === 0) this.#groups.delete(key);
    if (this.#clients.size > 0) return;
    clearInterval(this.#pings);
    this.#pings = undefined;
    this.#running?.stop();
    this.#running = undefined;
  }

  #start(): { run: FeedRun; stop: () => void } {
    const controller = new AbortController();
    const { signal } = controller;
    const unlessStopped = (tell: () => void): void => {
      if (!signal.aborted) tell();
    };
    const run: FeedRun = new FeedRun(
      this.#options.connect(signal),
      {
        changed: (access, changes) => unlessStopped(() => this.#changed(access, changes, run)),
        reset: () => unlessStopped(() => this.#toAll(message('reset', '{}', run.toldTo))),
        redis: (state) => unlessStopped(() => this.#toAll(redisMessage(state))),
      },
      signal,
    );
    void run.run();
    return { run, stop: () => controller.abort(new Error('nobody listens')) };
  }

  #changed(access: JobAccess, changes: readonly Change[], run: FeedRun): void {
    if (changes.length === 0) return;
    const texts = this.#texts(access, changes, run.toldTo);
    for (const { audience, clients } of [...this.#groups.values()]) {
      const text = textFor(changes, texts, (change) => newsFor(audience, change));
      if (text === '') continue;
      const bytes = bytesOf(text);
      for (const client of clients) client.send(bytes);
    }
  }

  #texts(access: JobAccess, changes: readonly Change[], toldTo: string | undefined): Texts {
    const jobs = changes.map(({ id, eventId, row }) => {
      const [job] = row === undefined ? [] : listed([row], access);
      return {
        job: () => {
          const data = job && toJson(this.#options.documentOf(job), { indent: false });
          return data === undefined ? '' : message('job', data, eventId);
        },
        removed: () => message('removed', JSON.stringify({ id }), eventId),
      };
    });
    const known = new Map<string, string>();
    return {
      of: (at, kind) => {
        const key = `${kind} ${at}`;
        const text = known.get(key) ?? jobs[at]?.[kind]() ?? '';
        known.set(key, text);
        return text;
      },
      reset: message('reset', '{}', toldTo),
    };
  }

  #ping(): void {
    this.#toAll(message('ping', '{}', this.#running?.run.toldTo));
    for (const client of [...this.#clients]) client.expectLife();
  }

  #toAll(text: string): void {
    const bytes = bytesOf(text);
    for (const client of [...this.#clients]) client.send(bytes);
  }
}

/** Tells the client that its credentials have expired, and ends its stream, also if it reads nothing. */
function expire(client: EventClient, cut: () => void): void {
  client.send(bytesOf(message('expired', '{}')));
  client.close();
  setTimeout(cut, EXPIRED_GRACE_MS).unref();
}

/** The messages about changes, each made once. */
interface Texts {
  of: (at: number, kind: 'job' | 'removed') => string;
  reset: string;
}

/** A reset stands for everything else, and is told once. */
function textFor(
  changes: readonly Change[],
  texts: Texts,
  newsOf: (change: Change) => 'job' | 'removed' | 'reset' | undefined,
): string {
  let text = '';
  for (const [at, change] of changes.entries()) {
    const news = newsOf(change);
    if (news === 'reset') return texts.reset;
    if (news !== undefined) text += texts.of(at, news);
  }
  return text;
}

function redisMessage(state: 'away' | 'back'): string {
  return message('redis', JSON.stringify({ state }));
}

const encoder = new TextEncoder();

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}
