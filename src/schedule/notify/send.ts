import { proxyFor, type ProxySettings } from '../../config/proxy.js';
import { isMangamotionError } from '../../errors.js';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sending {
  /** A user and a password in it are sent as basic authentication. */
  url: URL;
  init: Omit<RequestInit, 'headers' | 'signal'> & { headers?: Record<string, string> };
  /** Aborting it ends the request. */
  signal: AbortSignal;
  /** Whether it is worth another attempt. */
  isWanted?: () => boolean;
  /** The HTTP proxies; without them nothing goes through one. */
  proxies?: ProxySettings | undefined;
  /** For tests. */
  timing?: SendTiming | undefined;
}

export interface SendTiming {
  /** The limit for one attempt. */
  timeoutMs: number;
  /** The pauses between attempts: there is one more attempt than pauses. */
  pausesMs: readonly number[];
}

/** Why an attempt was given up. */
const LATE = 'late';

const TIMING: SendTiming = { timeoutMs: 10_000, pausesMs: [500, 2000] };

/**
 * Sends a request, and repeats it if the network or the server fails. Never rejects: resolves to the
 * reason why it did not arrive, or to `undefined` if it did. The reason does not contain the URL, which
 * may be a secret.
 */
export async function sendWithRetries(sending: Sending): Promise<string | undefined> {
  const { signal, isWanted = () => true, timing = TIMING } = sending;
  for (const pauseMs of [...timing.pausesMs, undefined]) {
    const failure = await attempt(sending, timing.timeoutMs);
    if (failure === undefined) return undefined;
    if (!failure.isTransient || pauseMs === undefined || !isWanted()) return failure.why;
    try {
      await sleep(pauseMs, undefined, { signal });
    } catch {
      return `${failure.why}, and there was no time to try again`;
    }
  }
  return undefined;
}

interface Failure {
  why: string;
  /** It may succeed if it is sent again. */
  isTransient: boolean;
}

async function attempt(sending: Sending, timeoutMs: number): Promise<Failure | undefined> {
  const { signal } = sending;
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  if (signal.aborted) giveUp();
  const timer = setTimeout(() => controller.abort(LATE), timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const status = await statusOf(withoutLogin(sending), sending.proxies, controller.signal);
    if (status >= 200 && status < 300) return undefined;
    return { why: `the answer was ${status}`, isTransient: status >= 500 };
  } catch (error) {
    if (controller.signal.reason === LATE)
      return { why: `no answer within ${timeoutMs / 1000} s`, isTransient: true };
    if (isMangamotionError(error)) return { why: error.message, isTransient: false };
    if (signal.aborted) return { why: 'there was no time for it', isTransient: false };
    return { why: networkProblem(error), isTransient: true };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Sends the request, through a proxy where there is one for it. Resolves to the status of the answer. */
async function statusOf(
  { url, init }: Pick<Sending, 'url' | 'init'>,
  proxies: ProxySettings | undefined,
  signal: AbortSignal,
): Promise<number> {
  const useTls = url.protocol === 'https:';
  const port = url.port === '' ? (useTls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const proxy = proxies && proxyFor({ host, port, useTls }, proxies);
  if (proxy === undefined) {
    const response = await fetch(url, { ...init, signal });
    await response.body?.cancel();
    return response.status;
  }
  // The one in Node cannot be told of a proxy before Node.js 24.
  const undici = await import('undici');
  const { url: uri, authorization } = proxy;
  const token = authorization === undefined ? {} : { token: authorization };
  const dispatcher = new undici.ProxyAgent({ uri, proxyTunnel: false, ...token });
  try {
    const options = { ...init, signal, dispatcher } as Parameters<typeof undici.fetch>[1];
    const response = await undici.fetch(url, options);
    await response.body?.cancel();
    return response.status;
  } finally {
    void dispatcher.destroy();
  }
}

/** `fetch` refuses a URL that holds a user or a password. */
function withoutLogin({ url, init }: Sending): Pick<Sending, 'url' | 'init'> {
  if (url.username === '' && url.password === '') return { url, init };
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return { url: bare, init: { ...init, headers: { ...init.headers, authorization } } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns the cause of a network error, since the message `fetch failed` says nothing. */
function networkProblem(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return 'the request failed';
  const [, proxyStatus] = /Proxy .*\((\d{3})\)/.exec(cause.message) ?? [];
  if (proxyStatus !== undefined) return `the proxy answered ${proxyStatus}`;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return `the request failed (${code ?? cause.name})`;
}
