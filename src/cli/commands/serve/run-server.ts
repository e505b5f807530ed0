import { isIPv6 } from 'node:net';
import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import { pino } from 'pino';
import { createPricing } from '../../../billing/pricing.js';
import { hasStoreCredentials, type Config } from '../../../config/load.js';
import type { StoreAddress } from '../../../config/store-address.js';
import { isMangamotionError, MangamotionError, messageOf } from '../../../errors.js';
import { readSmallFile } from '../../../files/bounded.js';
import { explainFileError } from '../../../files/errors.js';
import { redisTarget } from '../../../redis-target.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { unexpectedReply } from '../../../redis/errors.js';
import { LastingConnection } from '../../../redis/lasting.js';
import { withTranslatedErrors } from '../../../redis/reader.js';
import type { ListenAddress } from '../../../schedule/notify/listen.js';
import { cannotListen } from '../../../schedule/notify/listen-error.js';
import { openJobAccess } from '../../../reports/jobs/access.js';
import { resultBucket } from '../../../reports/jobs/store-access.js';
import { Ticker } from '../../../schedule/timers.js';
import { readProxies } from '../../../serve/access/client.js';
import { FailedLogins } from '../../../serve/access/failed-logins.js';
import { tokenCheck } from '../../../serve/access/tokens.js';
import { createApp } from '../../../serve/app.js';
import { withStoreDeadline } from '../../../serve/deadline.js';
import { JobFeed } from '../../../serve/jobs/feed.js';
import { jobDocument } from '../../../serve/jobs/job-document.js';
import { Destinations } from '../../../serve/destinations.js';
import { checkBackups, checkSchedule, Unhealthy } from '../../../serve/health-checks.js';
import { listen } from '../../../serve/listener.js';
import { requestLog } from '../../../serve/log.js';
import { logSink } from '../../../serve/log-sink.js';
import type { MetricSources } from '../../../serve/metrics.js';
import { readPageFiles } from '../../../serve/page-files.js';
import { apiRoutes } from '../../../serve/routes.js';
import { expectSafeAccess } from './safe-access.js';
import type { ScheduleService } from '../../../serve/schedule-service.js';
import type { Services } from '../../../serve/services.js';
import { openServedStore } from '../../run/open-store.js';
import type { CommandContext } from '../../argv/command.js';
import { readVersion } from '../../argv/version.js';
import { DEFAULT_FILE, readGoodSchedule } from '../schedule/file.js';
import { stateFolderOf } from '../schedule/state-folder.js';
import { nameDestinations } from './named-destinations.js';

/** How long an answer of Redis is waited for, also while it is away. */
const REDIS_WAIT_MS = 3000;
/** A chain of certificates has a few kilobytes. */
const MOST_PEM_BYTES = 1024 * 1024;
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
  /** The destinations of --backup. */
  backup: readonly string[];
  maxAge: number | undefined;
  /** The schedule is served if either is given. */
  file: string | undefined;
  stateDir: string | undefined;
  metrics: ListenAddress | undefined;
}

/** A chore reads the destinations so often; a request may do so in between. */
const REFRESH_MS = 10 * 60_000;

/** What is closed at the end, the last first. */
type Closes = (() => Promise<void> | void)[];

/** Serves until the signal comes. */
export async function runServer(context: CommandContext, options: ServerOptions): Promise<void> {
  const closes: Closes = [];
  try {
    await serveUntilEnd(context, options, closes);
  } finally {
    for (const close of closes.toReversed()) await close();
  }
}

async function serveUntilEnd(
  context: CommandContext,
  options: ServerOptions,
  closes: Closes,
): Promise<void> {
  const { signal, now } = context;
  const config = await context.config();
  const jwtSecret = config.serve.jwtSecret?.reveal();
  const adminToken = config.serve.adminToken?.reveal();
  const { auth, behindProxy } = options;
  const proxies = readProxies(behindProxy);
  const listenHost = options.listen.host;
  expectSafeAccess({ auth, listenHost, hasProxies: proxies.isNamed, jwtSecret, adminToken });
  const tls = await readTls(options, context.cwd);
  const logger = serveLogger(context);
  const served = await nameDestinations(options.backup, { config, cwd: context.cwd });
  closes.push(served.close);
  const destinations = new Destinations(served.named, {
    ...{ now, signal, maxAgeMs: options.maxAge, retentionDays: config.backup.retentionDays },
    onFailure: (destination, error) =>
      logger.warn({ destination, reason: messageOf(error) }, 'a destination cannot be read'),
  });
  const schedule = scheduleService(context, options);
  const target = redisTarget(config.redis);
  const connection = new LastingConnection(target, REDIS_WAIT_MS);
  closes.push(() => connection.close());
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
  closes.push(() => {
    jobFeed.close();
    store.close();
  });
  const metrics =
    options.metrics === undefined
      ? undefined
      : await openMetrics(options.metrics, { eventClients: () => jobFeed.size });
  if (metrics !== undefined) closes.push(() => metrics.endpoint.close());
  const services: Services = {
    ...{ redis, now, version: readVersion(), destinations, schedule },
    auth: auth === 'none' && proxies.isNamed ? 'proxy' : auth,
    ...{ pricing, config, queues, jobFeed },
    openStore: store.open,
    retentionDays: config.billing.retentionDays,
    cutShort: (error) => {
      metrics?.metrics.cutShort();
      logger.error({ reason: messageOf(error) }, 'an answer was cut short');
    },
    health: {
      redis: async () => {
        if ((await redis.call('PING')) !== 'PONG') throw unexpectedReply(target, 'PING');
      },
      store: hasStoreCredentials(config) ? store.probe : undefined,
      schedule: schedule && (() => checkSchedule(schedule, { now, signal })),
      backups: served.named.length === 0 ? undefined : () => checkBackups(destinations),
    },
  };
  const tokens = tokenCheck({ jwtSecret, adminToken });
  const failedLogins = new FailedLogins(now);
  const app = createApp({
    routes: apiRoutes(services),
    page: await readPageFiles(),
    imageOrigins: [originOf(config.publicAddress ?? config.store)],
    rules: { ...{ auth, proxies, tokens, failedLogins, now } },
    hosts: new Set(options.host.map((name) => name.toLowerCase())),
    log: requestLog(logger, metrics?.metrics),
  });
  const respond = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listener = await listen(
    { ...options.listen, tls, maxClients: options.maxClients },
    (request, response) => void respond(request, response),
  ).catch((error: unknown) => {
    throw cannotListen(options.listen, error);
  });
  const { port } = listener;
  const about = { port, auth, tls: tls !== undefined, metrics_port: metrics?.endpoint.port };
  logger.info(about, 'the server listens');
  if (served.named.length > 0) {
    const chore = startChore(destinations, now);
    closes.push(() => chore.stop());
  }
  await aborted(signal);
  logger.info('ending: requests finish first');
  jobFeed.close();
  await listener.close(options.graceMs);
}

function serveLogger({ output, now }: CommandContext) {
  return pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    {
      write: logSink(
        (bytes) => output.bytes(bytes),
        (lines) =>
          `${JSON.stringify({ level: 'warn', time: now().toISOString(), lines, message: 'lines of the log were lost: nobody read them' })}\n`,
      ),
    },
  );
}

/** The metrics have an address of their own: the public one never has them. */
async function openMetrics(address: ListenAddress, sources: MetricSources) {
  const { ServeMetrics } = await import('../../../serve/metrics.js');
  const { openEndpoint } = await import('../../../schedule/notify/endpoint.js');
  const metrics = new ServeMetrics(sources);
  const endpoint = await openEndpoint(address, {
    metrics: () => metrics.text(),
    health: () => ({ ok: true }),
    ready: () => ({ ok: true }),
  });
  return { metrics, endpoint };
}

/** The timer of the schedule, which a clock that jumps does not confuse; see there for node-cron. */
function startChore(destinations: Destinations, now: () => Date): Ticker {
  return new Ticker(now, async () => {
    await destinations.refresh();
    return now().getTime() + REFRESH_MS;
  });
}

function scheduleService(
  context: CommandContext,
  { file, stateDir }: Pick<ServerOptions, 'file' | 'stateDir'>,
): ScheduleService | undefined {
  if (file === undefined && stateDir === undefined) return undefined;
  return {
    folder: stateFolderOf(context, stateDir),
    entries: async () => {
      const options = { acceptsPipe: false };
      return (await readGoodSchedule(context, file ?? DEFAULT_FILE, options)).entries;
    },
  };
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
        const store = await open();
        // The answer to HEAD has no words: any web server could have given it.
        await store
          .listPage(resultBucket(config), { maxKeys: 1, signal: limited })
          .catch((error: unknown) => {
            if (!isMangamotionError(error, 'not_found')) throw error;
            throw new Unhealthy('there is no bucket for results', { cause: error });
          });
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
  const pair = { cert: await readPem(tlsCert, cwd), key: await readPem(tlsKey, cwd) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const what = `${tlsCert} and ${tlsKey} are not a certificate and its key in PEM`;
    throw new MangamotionError('usage', `${what}: ${messageOf(error)}`, { cause: error });
  }
  return pair;
}

async function readPem(file: string, cwd: string): Promise<string> {
  try {
    const { bytes } = await readSmallFile(path.resolve(cwd, file), { mostBytes: MOST_PEM_BYTES });
    return bytes.toString('utf8');
  } catch (error) {
    const { why } = explainFileError(error);
    throw new MangamotionError('usage', `cannot read ${file}: ${why}`, { cause: error });
  }
}
