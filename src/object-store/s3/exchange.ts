import type { ClientRequest } from 'node:http';
import type { S3ResponseError } from '../store-errors.js';

/** The state that a request and its transport share. It travels in the request options. */
export interface Exchange {
  /** Path and query, percent-encoded. */
  path: string;
  sha256: string;
  region: string;
  signal: AbortSignal | undefined;
  /** It is not held up by a limit of the rate. */
  isUrgent: boolean;
  /** Whether headers may hold users' text, which may not be ASCII. */
  carriesText: boolean;
  /** The body, if it is in memory: minio itself sends only one Buffer or a stream. */
  chunks?: Uint8Array[];
  /** Called when the server is ready for the body. If present, `Expect: 100-continue` is sent. */
  onContinue: (() => void) | undefined;
  request?: ClientRequest;
  /** Set as soon as an error status arrives. It takes precedence over any later socket error. */
  refusal?: Promise<S3ResponseError>;
  /** The answer waits for its turn under the limit of the rate. */
  isThrottled?: boolean;
  /** Set if the signature depends on how the server folds white space. */
  foldingMatters?: boolean;
}
