import type { Logger } from 'pino';
import type { RequestFailure } from './failure.js';
import type { Visitor } from './visitor.js';

/** A request that was answered. It has no query: that may name a user, or hold a token by mistake. */
export interface AnsweredRequest {
  requestId: string;
  address: string;
  method: string;
  path: string;
  /** The path of the route, as in its table; `undefined` if none was found. */
  route: string | undefined;
  status: number;
  ms: number;
  visitor: Visitor | undefined;
}

/** What was answered although it never became a request. What the client sent is not told: it may be a secret. */
interface UnreadRequest {
  requestId: string;
  address: string;
  status: number;
  /** The code of the error of Node.js. */
  reason: string;
}

export interface RequestLog {
  answered(request: AnsweredRequest): void;
  unread(request: UnreadRequest): void;
  /** Failures that are not the client's, with their cause. */
  failed(requestId: string, failure: RequestFailure): void;
}

/** Counts what the log is told; the metrics do. */
export interface RequestCounts {
  answered(request: AnsweredRequest): void;
  /** Counts a failed request by the cause of its failure. */
  failed(cause: unknown): void;
}

/** Writes to the log, and counts. `counts` is `undefined` if nobody reads them. */
export function requestLog(logger: Logger, counts: RequestCounts | undefined): RequestLog {
  return {
    answered: (request) => {
      counts?.answered(request);
      const { requestId, address, method, path, status, ms, visitor } = request;
      const who =
        visitor?.kind === 'user' ? { user_id: visitor.userId } : { visitor: visitor?.kind };
      logger.info({ request_id: requestId, address, method, path, status, ms, ...who }, 'request');
    },
    unread: ({ requestId, address, status, reason }) => {
      counts?.answered({
        ...{ requestId, address, status, method: '', path: '', ms: 0 },
        ...{ route: undefined, visitor: undefined },
      });
      logger.info({ request_id: requestId, address, status, reason }, 'no request');
    },
    failed: (requestId, { status, message, cause }) => {
      counts?.failed(cause);
      if (status < 500) return;
      const reason =
        cause instanceof Error ? (status === 500 ? cause.stack : cause.message) : message;
      logger.error({ request_id: requestId, status, reason }, 'a request failed');
    },
  };
}
