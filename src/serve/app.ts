import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Hono, type MiddlewareHandler } from 'hono';
import { clientAddress } from './access/client.js';
import { isOurHost, requestedHost } from './access/hosts.js';
import { identify, type AccessRules } from './access/identify.js';
import { expectOwnOrigin } from './access/origin.js';
import { sessionEndpoints, sessionToken } from './access/session.js';
import { failureAnswer } from './answer.js';
import { clientGoneSignal } from './client-gone.js';
import type { ServeApp, ServeContext, ServeEnv } from './context.js';
import type { Endpoint } from './endpoint.js';
import {
  badRequest,
  ClientGone,
  failureOf,
  forbidden,
  notFound,
  RequestFailure,
} from './failure.js';
import type { RequestLog } from './log.js';
import { pageEndpoints, type PageFiles } from './page-files.js';
import { readParams, readQuery } from './read-fields.js';
import type { Route } from './route.js';
import { securityHeaders } from './security-headers.js';
import { refusalOf, type Visitor } from './visitor.js';

/** Those that change nothing, wherever they come from. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** The status with which nginx logs a request whose client has gone. Nobody receives it. */
const CLIENT_GONE = 499;

export interface AppOptions {
  routes: readonly Route[];
  rules: AccessRules;
  /** Names besides those of loopback under which this server may be requested. */
  hosts: ReadonlySet<string>;
  log: RequestLog;
  page: PageFiles;
  /** Where pictures come from besides this server: the object store, by presigned addresses. */
  imageOrigins: readonly string[];
}

/** Every request goes through the same checks in this order, then to its route. */
export function createApp(options: AppOptions): ServeApp {
  const { routes, rules, hosts, log, page, imageOrigins } = options;
  const app: ServeApp = new Hono<ServeEnv>();
  app.use(logged(log, rules));
  app.use(guarded(imageOrigins));
  app.use(async (context, next) => {
    const { incoming } = context.env;
    const { localAddress = '' } = incoming.socket;
    expectOneHost(incoming);
    if (!isOurHost(requestedHost(incoming), localAddress, hosts))
      throw forbidden('this host name is not served here: name it with --host');
    expectKnownExpectation(incoming);
    if (!SAFE_METHODS.has(context.req.method)) expectOwnOrigin(context, rules.proxies);
    await next();
  });
  const endpoints = [
    ...sessionEndpoints(rules),
    ...routes.map((route) => endpointOf(route, rules)),
    ...pageEndpoints(page),
  ];
  for (const [path, methods] of byPath(endpoints)) {
    for (const { method, respond } of methods) app.on(method, path, respond);
    const allow = methods.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(path, () => failureAnswer(methodNotAllowed(allow)));
  }
  app.notFound(() => failureAnswer(notFound('there is nothing at this address')));
  app.onError((error, context) => {
    // The client has gone, which ended what was under way: nothing failed.
    if (error instanceof ClientGone || context.req.raw.signal.aborted)
      return new Response(null, { status: CLIENT_GONE });
    const failure = failureOf(error);
    log.failed(context.get('requestId'), failure);
    return failureAnswer(failure);
  });
  return app;
}

/** RFC 9112, 3.2: a proxy could have chosen the other one. */
function expectOneHost({ rawHeaders }: IncomingMessage): void {
  const isHost = (name: string, at: number): boolean => at % 2 === 0 && /^host$/i.test(name);
  if (rawHeaders.filter(isHost).length > 1) throw badRequest('Host is given twice');
}

/** RFC 9110, 10.1.1. Node.js has answered the expectation that there is. */
function expectKnownExpectation({ headers, httpVersion }: IncomingMessage): void {
  const { expect = '100-continue' } = headers;
  if (httpVersion !== '1.1' || /(?:^|\W)100-continue(?:$|\W)/i.test(expect)) return;
  throw new RequestFailure(417, 'Expect can only be 100-continue', { code: 'expectation_failed' });
}

function methodNotAllowed(allowed: readonly string[]): RequestFailure {
  const allow = allowed.join(', ');
  return new RequestFailure(405, `only ${allow} can be used here`, {
    code: 'method_not_allowed',
    headers: { allow },
  });
}

function endpointOf(route: Route, rules: AccessRules): Endpoint {
  const { method, path } = route;
  return { method, path: honoPath(path), respond: responderOf(route, rules) };
}

function responderOf(route: Route, rules: AccessRules): Endpoint['respond'] {
  return async (context) => {
    context.set('route', route.path);
    const visitor = await visitorOf(context, rules);
    const refusal = refusalOf(visitor, route.access);
    if (refusal !== undefined) throw refusal;
    let signal: AbortSignal | undefined;
    return await route.respond({
      params: readParams(route.params, (name) => context.req.param(name)),
      query: readQuery(route.query, new URL(context.req.url).searchParams),
      visitor,
      method: context.req.method,
      header: (name) => context.req.header(name),
      // Made for the routes that read it: a small answer takes less time than to make one.
      get signal() {
        return (signal ??= clientGoneSignal(context.req.raw.signal, context.env.incoming));
      },
      cut: () => context.env.outgoing.destroy(),
    });
  };
}

async function visitorOf(context: ServeContext, rules: AccessRules): Promise<Visitor> {
  const visitor = await identify(rules, {
    remoteAddress: context.env.incoming.socket.remoteAddress ?? '',
    clientAddress: context.get('clientAddress'),
    authorization: context.req.header('authorization'),
    cookieToken: sessionToken(context, rules),
    userIdHeader: context.req.header('x-user-id'),
  });
  context.set('visitor', visitor);
  return visitor;
}

function logged(log: RequestLog, { proxies }: AccessRules): MiddlewareHandler<ServeEnv> {
  return async (context, next) => {
    const { remoteAddress = '' } = context.env.incoming.socket;
    const requestId = randomUUID();
    const address = clientAddress(remoteAddress, context.req.header('x-forwarded-for'), proxies);
    context.set('requestId', requestId);
    context.set('clientAddress', address);
    context.env.outgoing.setHeader('x-request-id', requestId);
    const startedAtMs = performance.now();
    await next();
    log.answered({
      ...{ requestId, address },
      method: context.req.method,
      path: context.req.path,
      route: context.get('route'),
      status: context.res.status,
      ms: Math.round(performance.now() - startedAtMs),
      visitor: context.get('visitor'),
    });
  };
}

/** Set on the answer of Node.js: those of the Web are copied, sorted and checked once more. */
function guarded(imageOrigins: readonly string[]): MiddlewareHandler<ServeEnv> {
  const headers = Object.entries(securityHeaders(imageOrigins));
  return async ({ env: { outgoing } }, next) => {
    for (const [name, value] of headers) outgoing.setHeader(name, value);
    await next();
  };
}

function byPath(endpoints: readonly Endpoint[]): Map<string, Endpoint[]> {
  const map = new Map<string, Endpoint[]>();
  for (const one of endpoints) map.set(one.path, [...(map.get(one.path) ?? []), one]);
  return map;
}

/** Keys of objects have slashes, so `{key*}` takes the rest of the path. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\*\}/g, ':$1{.+}').replace(/\{(\w+)\}/g, ':$1');
}
