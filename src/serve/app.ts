import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { clientAddress } from './access/client.js';
import { isOurHost } from './access/hosts.js';
import { identify, type AccessRules } from './access/identify.js';
import { expectOwnOrigin } from './access/origin.js';
import { addSessionRoutes, sessionToken } from './access/session.js';
import { failureAnswer } from './answer.js';
import type { ServeApp, ServeContext, ServeEnv } from './context.js';
import { ClientGone, failureOf, forbidden, notFound, RequestFailure } from './failure.js';
import type { RequestLog } from './log.js';
import { addPageFiles, type PageFiles } from './page-files.js';
import { readParams, readQuery } from './read-fields.js';
import type { Route } from './route.js';
import { securityHeaders } from './security-headers.js';
import { refusalOf, type Visitor } from './visitor.js';

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
    const { localAddress = '' } = context.env.incoming.socket;
    if (!isOurHost(context.req.header('host'), localAddress, hosts))
      throw forbidden('this host name is not served here: name it with --host');
    if (!['GET', 'HEAD'].includes(context.req.method)) expectOwnOrigin(context, rules.proxies);
    await next();
  });
  addSessionRoutes(app, rules);
  for (const [path, methods] of byPath(routes)) {
    for (const route of methods) app.on(route.method, honoPath(path), handlerOf(route, rules));
    const allow = methods.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(honoPath(path), () => failureAnswer(methodNotAllowed(allow)));
  }
  addPageFiles(app, page);
  app.notFound(() => failureAnswer(notFound('there is nothing at this address')));
  app.onError((error, context) => {
    if (error instanceof ClientGone) return new Response(null, { status: CLIENT_GONE });
    const failure = failureOf(error);
    // The client has gone, which ended what was under way: nothing failed.
    if (!context.req.raw.signal.aborted) log.failed(context.get('requestId'), failure);
    return failureAnswer(failure);
  });
  return app;
}

function methodNotAllowed(allowed: readonly string[]): RequestFailure {
  const allow = allowed.join(', ');
  return new RequestFailure(405, `only ${allow} can be used here`, {
    code: 'method_not_allowed',
    headers: { allow },
  });
}

function handlerOf(route: Route, rules: AccessRules) {
  return async (context: ServeContext): Promise<Response> => {
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
        return (signal ??= signalOf(context));
      },
      cut: () => context.env.outgoing.destroy(),
    });
  };
}

/** The signal of the request is aborted with a text, which says nothing to whoever catches it. */
function signalOf(context: ServeContext): AbortSignal {
  const controller = new AbortController();
  const { signal } = context.req.raw;
  const abort = (): void => controller.abort(new ClientGone());
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
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

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const map = new Map<string, Route[]>();
  for (const route of routes) map.set(route.path, [...(map.get(route.path) ?? []), route]);
  return map;
}

/** Keys of objects have slashes, so `{key*}` takes the rest of the path. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\*\}/g, ':$1{.+}').replace(/\{(\w+)\}/g, ':$1');
}
