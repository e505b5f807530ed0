import type { IncomingHttpHeaders } from 'node:http';
import type { Digests } from '../objects.js';
import type { FetcherOptions, FetchRequest } from './object-fetcher.js';

/** What the main thread and a reader thread tell each other. */

export interface ReaderOptions {
  fetcher: FetcherOptions;
  ring: SharedArrayBuffer;
}

export interface ReaderRequest extends Pick<FetchRequest, 'origin' | 'path' | 'headers'> {
  id: number;
  maxBytes: number;
}

export interface ToReader {
  fetch: ReaderRequest[];
  /** Requests whose answers nobody waits for any more. */
  abort: number[];
  /** Requests whose bodies are used up: their memory is free. */
  release: number[];
}

/** A body in the ring, in shared memory of its own, or, if it is small, as a copy. */
export type SentBody =
  | { start: number; length: number }
  | { memory: SharedArrayBuffer }
  | { copy: Uint8Array };

export type FromReader =
  | {
      id: number;
      statusCode: number;
      statusMessage: string;
      headers: IncomingHttpHeaders;
      body: SentBody | undefined;
      digests: Digests | undefined;
    }
  | { id: number; failure: { name: string; message: string; code: string | undefined } };
