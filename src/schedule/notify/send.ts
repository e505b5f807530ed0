import { proxyFor, type Proxy, type ProxySettings } from '../../config/proxy.js';
import { isMangamotionError } from '../../errors.js';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sending {
  /** A user and a password in it are sent as basic authentication. */
  url: URL;
  init: Omit<RequestInit, 'headers' | 'signal'> & { headers?: Record<string, string> };
  /** How many redirections within the origin of the URL are followed; none where it is not given. */
  mostRedirects?: number;
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
  const way = wayOf(sending);
  const giveUp = (): void => controller.abort();
  if (signal.aborted) giveUp();
  const timer = setTimeout(() => controller.abort(LATE), timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const answer = await sendWithin(sending, controller.signal);
    if (answer instanceof URL) {
      // The path may hold a secret.
      const why = `it is redirected to another origin, ${answer.origin}, which is not followed`;
      return { why, isTransient: false };
    }
    const { status } = answer;
    if (status >= 200 && status < 300) return undefined;
    return { why: `the answer was ${status}${way}`, isTransient: status >= 500 };
  } catch (error) {
    if (controller.signal.reason === LATE)
      return { why: `no answer within ${timeoutMs / 1000} s${way}`, isTransient: true };
    if (isMangamotionError(error)) return { why: error.message, isTransient: false };
    if (signal.aborted) return { why: 'there was no time for it', isTransient: false };
    return { why: networkProblem(error) + way, isTransient: true };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Names the proxy on the way, without its login. */
function wayOf({ url, proxies }: Sending): string {
  try {
    const proxy = proxyOf(url, proxies);
    return proxy === undefined ? '' : `, through the proxy ${proxy.url} (${proxy.setting})`;
  } catch {
    // Sending tells what is wrong with the setting.
    return '';
  }
}

function proxyOf(url: URL, proxies: ProxySettings | undefined): Proxy | undefined {
  const useTls = url.protocol === 'https:';
  const port = url.port === '' ? (useTls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return proxies && proxyFor({ host, port, useTls }, proxies);
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

interface Answer {
  status: number;
  location: string | null;
}

/**
 * Sends a request, and follows redirections as long as they stay within the origin: another server must
 * not learn the URL or the login. Resolves to the URL where one leads away.
 */
async function sendWithin(sending: Sending, signal: AbortSignal): Promise<Answer | URL> {
  const { url, init } = withoutLogin(sending);
  for (let [at, left] = [url, sending.mostRedirects ?? 0]; ; left--) {
    const answer = await sendOnce(at, { ...init, signal }, sending.proxies);
    const { status, location } = answer;
    if (!REDIRECTS.has(status) || location === null || left === 0) return answer;
    if (!URL.canParse(location, at.href)) return answer;
    const next = new URL(location, at);
    if (next.origin !== url.origin) return next;
    next.username = '';
    next.password = '';
    at = next;
  }
}

/** Sends one request, through a proxy where there is one for it. */
async function sendOnce(
  url: URL,
  init: RequestInit,
  proxies: ProxySettings | undefined,
): Promise<Answer> {
  const proxy = proxyOf(url, proxies);
  if (proxy === undefined) return await answerOf(await fetch(url, init));
  // The one in Node cannot be told of a proxy before Node.js 24.
  const undici = await import('undici');
  const { url: uri, authorization } = proxy;
  const token = authorization === undefined ? {} : { token: authorization };
  const dispatcher = new undici.ProxyAgent({ uri, proxyTunnel: false, ...token });
  try {
    const options = { ...init, dispatcher } as Parameters<typeof undici.fetch>[1];
    return await answerOf(await undici.fetch(url, options));
  } finally {
    void dispatcher.destroy();
  }
}

/** What matters of a response; its body is not read. */
async function answerOf(
  response: Pick<Response, 'status'> & {
    headers: { get(name: string): string | null };
    body: { cancel(): Promise<void> } | null;
  },
): Promise<Answer> {
  await response.body?.cancel();
  return { status: response.status, location: response.headers.get('location') };
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
