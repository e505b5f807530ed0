import { retryAfterMs, type FailureReason } from './decisions.js';

/** A request without an answer that can be used. The message is the server's sentence, if it has one. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly reason: FailureReason;
  readonly retryAfterMs: number | undefined;

  constructor(reason: FailureReason, message: string, wait?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = wait;
  }
}

const TIMEOUT_MS = 15_000;
const NOT_MODIFIED = 304;

interface RequestOptions {
  /** Aborts the request; it then rejects with an `AbortError`. */
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** Reads a document of the API. Rejects with `ApiFailure`. */
export async function getDocument<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return await request<T>(path, { headers: { accept: 'application/json' } }, options);
}

/** A document, and what the server calls this state of it; `undefined` if it has no name for it. */
export interface Tagged<T> {
  data: T;
  tag: string | undefined;
}

/**
 * Reads a document of the API again. Resolves to `undefined` if it is still what `tag` stands for: then the
 * server has not sent it. Rejects with `ApiFailure`.
 */
export async function getChanged<T>(
  path: string,
  tag: string | undefined,
  options: RequestOptions = {},
): Promise<Tagged<T> | undefined> {
  const headers = {
    accept: 'application/json',
    ...(tag !== undefined && { 'if-none-match': tag }),
  };
  return await send(path, { headers }, options, async (response) =>
    response.status === NOT_MODIFIED
      ? undefined
      : {
          data: (await response.json()) as T,
          tag: response.headers.get('etag') ?? undefined,
        },
  );
}

/** Reads a text of the API, with the headers that came with it. Rejects with `ApiFailure`. */
export async function getText(
  path: string,
  options: RequestOptions = {},
): Promise<{ text: string; headers: Headers }> {
  return await send(path, {}, options, async (response) => ({
    text: await response.text(),
    headers: response.headers,
  }));
}

/** Reads a file of a type that the API also has. Rejects with `ApiFailure`. */
export async function getBlob(
  path: string,
  type: string,
  options: RequestOptions = {},
): Promise<Blob> {
  const init = { headers: { accept: type } };
  return await send(path, init, options, async (response) => await response.blob());
}

/** Sends a change. Rejects with `ApiFailure`. */
export async function postDocument<T>(
  path: string,
  body: object = {},
  options: RequestOptions = {},
): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return await request<T>(path, { method: 'POST', headers, body: JSON.stringify(body) }, options);
}

async function request<T>(path: string, init: RequestInit, options: RequestOptions): Promise<T> {
  return await send(path, init, options, async (response) => (await response.json()) as T);
}

async function send<T>(
  path: string,
  init: RequestInit,
  { signal, timeoutMs = TIMEOUT_MS }: RequestOptions,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signals = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    const response = await fetch(path, { ...init, signal: signals, credentials: 'same-origin' });
    if (!response.ok && response.status !== NOT_MODIFIED) throw await failureOf(response);
    return await read(response);
  } catch (error) {
    if (error instanceof ApiFailure || signal?.aborted === true) throw error;
    throw timeout.aborted
      ? new ApiFailure('timeout', 'The server takes too long')
      : new ApiFailure('away', 'The server is not reachable');
  }
}

async function failureOf(response: Response): Promise<ApiFailure> {
  const { status } = response;
  const wait = retryAfterMs(response.headers.get('retry-after'));
  const text = await response.text();
  return new ApiFailure(status, sentenceIn(text) ?? `The server answers ${status}`, wait);
}

function sentenceIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' && error !== '' ? sentence(error) : undefined;
  } catch {
    return undefined;
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
