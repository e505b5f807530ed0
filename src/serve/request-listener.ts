import { randomUUID } from 'node:crypto';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { ServeApp } from './context.js';
import { clientAddress, type Proxies } from './access/client.js';
import { failureAnswer } from './answer.js';
import { badRequest, failureOf } from './failure.js';
import type { Answering } from './listener.js';
import type { RequestLog } from './log.js';
import { securityHeaders } from './security-headers.js';
import { wireAnswer } from './unreadable.js';

interface Parts {
  log: RequestLog;
  proxies: Proxies;
  /** Where pictures come from besides this server. */
  imageOrigins: readonly string[];
}

/** Answers requests with the app, and what never reaches it as the app would. */
export function answeringWith(app: ServeApp, { log, proxies, imageOrigins }: Parts): Answering {
  const headers = securityHeaders(imageOrigins);
  return {
    onRequest: (request, response) => {
      const startedAtMs = performance.now();
      const errorHandler = (error: unknown): Response => {
        const requestId = randomUUID();
        const isUnread = error instanceof RequestError;
        const failure = isUnread ? badRequest(UNREAD) : failureOf(error);
        const { remoteAddress = '' } = request.socket;
        const forwardedFor = request.headers['x-forwarded-for']?.toString();
        log.failed(requestId, failure);
        log.answered({
          ...{ requestId, method: request.method ?? '', status: failure.status },
          address: clientAddress(remoteAddress, forwardedFor, proxies),
          path: pathOf(request.url),
          ...{ route: undefined, visitor: undefined },
          ms: Math.round(performance.now() - startedAtMs),
        });
        const all = { ...headers, 'x-request-id': requestId };
        for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
        return failureAnswer(failure);
      };
      void getRequestListener(app.fetch, { errorHandler })(request, response);
    },
    refuse: (failure, { remoteAddress, reason }) => {
      const requestId = randomUUID();
      const address = clientAddress(remoteAddress, undefined, proxies);
      log.unread({ requestId, address, status: failure.status, reason });
      return wireAnswer(failure, { ...headers, 'x-request-id': requestId });
    },
  };
}

/** Without the query, and without the host of a whole URL, before which there may be a password. */
function pathOf(target = ''): string {
  return target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}

const UNREAD = 'the address or the header Host is missing, or cannot be read';
