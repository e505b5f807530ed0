import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { pino } from 'pino';
import { createPricing } from '../../../billing/pricing.js';
import type { StoreAddress } from '../../../config/store-address.js';
import { hasStoreCredentials, type Config } from '../../../config/load.js';
import { MangamotionError } from '../../../errors.js';
import { explainFileError } from '../../../files/errors.js';
import { redisTarget } from '../../../redis-target.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { LastingConnection } from '../../../redis/lasting.js';
import { withTranslatedErrors } from '../../../redis/reader.js';
import type { ListenAddress } from '../../../schedule/notify/listen.js';
import { cannotListen } from '../../../schedule/notify/listen-error.js';
import { openJobAccess } from '../../../reports/jobs/access.js';
import { readProxies } from '../../../serve/access/client.js';
import { FailedLogins } from '../../../serve/access/failed-logins.js';
import { tokenCheck } from '../../../serve/access/tokens.js';
import { createApp } from '../../../serve/app.js';
import { withStoreDeadline } from '../../../serve/deadline.js';
import { JobFeed } from '../../../serve/jobs/feed.js';
import { jobDocument } from '../../../serve/jobs/job-document.js';
import { listen } from '../../../serve/listener.js';
import { requestLog } from '../../../serve/log.js';
import { readPageFiles } from '../../../serve/page-files.js';
import { apiRoutes } from '../../../serve/routes.js';
import { expectSafeAccess } from './safe-access.js';
import type { Services } from '../../../serve/services.js';
import { openServedStore } from '../../run/open-store.js';
import type { CommandContext } from '../../argv/command.js';
import { readVersion } from '../../argv/version.js';

/** How long an answer of Redis is waited for, also while it is away. */
const REDIS_WAIT_MS = 3000;
/** How long health waits for the object store. */
const STORE_PROBE_MS = 3000;

interface ServerOptions {
  listen: ListenAddress;
  auth: 'none' | 'token';
  behindProxy: readonly string[];
  host: readonly string[];
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  maxClients: number;
  graceMs: number;
  queue: string;
  billingQueue: string;
}

/** Serves until the signal comes. */
export async function runServer(context: CommandContext, options: ServerOptions): Promise<void> {
  const { signal, now } = context;
  const config = await context.config();
  const jwtSecret = config.serve.jwtSecret?.reveal();
  const adminToken = config.serve.adminToken?.reveal();
  const { auth, behindProxy } = options;
  const proxies = readProxies(behindProxy);
  const listenHost = options.listen.host;
  expectSafeAccess({ auth, listenHost, hasProxies: proxies.isNamed, jwtSecret, adminToken });
  const tls = await readTls(options, context.cwd);
  const target = redisTarget(config.redis);
  const connection = new LastingConnection(target, REDIS_WAIT_MS);
  const redis = withTranslatedErrors(connection, target);
  const pricing = createPricing(config.billing);
  const queues = { queue: options.queue, billingQueue: options.billingQueue };
  const store = servedStore(config);
  const jobFeed = new JobFeed({
    connect: (ended) => {
      const events = new LastingConnection(target, REDIS_WAIT_MS);
      return {
        access: openJobAccess({ redis, pricing, signal: ended, ...queues }),
        events: withTranslatedErrors(events, target),
        closeEvents: () => events.close(),
      };
    },
    documentOf: (job) => jobDocument(job, config),
  });
  const services: Services = {
    ...{ redis, now, version: readVersion() },
    auth: proxies.isNamed ? 'proxy' : auth,
    ...{ pricing, config, queues, jobFeed },
    openStore: store.open,
    retentionDays: config.billing.retentionDays,
    health: {
      redis: async () => {
        await redis.call('PING');
      },
      store: hasStoreCredentials(config) ? store.probe : undefined,
    },
  };
  const logger = pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    // A reader that is gone must not end the server.
    {
      write: (line: string) => void context.output.bytes(Buffer.from(line)).catch(() => undefined),
    },
  );
  const tokens = tokenCheck({ jwtSecret, adminToken });
  const failedLogins = new FailedLogins(now);
  const app = createApp({
    routes: apiRoutes(services),
    page: await readPageFiles(),
    imageOrigins: [originOf(config.publicAddress ?? config.store)],
    rules: { ...{ auth, proxies, tokens, failedLogins, now } },
    hosts: new Set(options.host.map((name) => name.toLowerCase())),
    log: requestLog(logger),
  });
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listener = await listen(
    { ...options.listen, tls, maxClients: options.maxClients },
    (request, response) => void respond(request, response),
  ).catch((error: unknown) => {
    throw cannotListen(options.listen, error);
  });
  logger.info({ port: listener.port, auth, tls: tls !== undefined }, 'the server listens');
  try {
    await aborted(signal);
    logger.info('ending: requests finish first');
    jobFeed.close();
    await listener.close(options.graceMs);
  } finally {
    jobFeed.close();
    connection.close();
    store.close();
  }
}

/** The origin as a browser compares it: without the default port. */
function originOf({ host, port, useTls }: StoreAddress): string {
  const name = isIPv6(host) ? `[${host}]` : host;
  return new URL(`${useTls ? 'https' : 'http'}://${name}:${port}`).origin;
}

/** The store, opened at the first use. */
function servedStore(config: Config) {
  let opening: Promise<ObjectStore> | undefined;
  const open = (): Promise<ObjectStore> => (opening ??= openServedStore(config));
  return {
    open,
    probe: async (): Promise<void> => {
      const { signal } = new AbortController();
      await withStoreDeadline(signal, STORE_PROBE_MS, async (limited) => {
        const [path = ''] = config.jobs.resultPaths;
        const bucket = config.jobBucket ?? path.slice(0, path.indexOf('/'));
        await (await open()).bucketExists(bucket, { signal: limited });
      });
    },
    close: (): void => {
      opening?.then(
        (store) => store.close(),
        () => undefined,
      );
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function readTls({ tlsCert, tlsKey }: ServerOptions, cwd: string) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new MangamotionError('usage', '--tls-cert and --tls-key belong together');
  return { cert: await readPem(tlsCert, cwd), key: await readPem(tlsKey, cwd) };
}

async function readPem(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, file), 'utf8');
  } catch (error) {
    const { why } = explainFileError(error);
    throw new MangamotionError('usage', `cannot read ${file}: ${why}`, { cause: error });
  }
}
