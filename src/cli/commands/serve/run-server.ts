import { createPricing } from '../../../billing/pricing.js';
import { hasStoreCredentials } from '../../../config/load.js';
import { recordsFolderOf } from '../../../drill/records.js';
import { messageOf } from '../../../errors.js';
import { countByState } from '../../../jobs/queue/counts.js';
import { addressOf } from '../../../jobs/queue/layout.js';
import { redisTarget } from '../../../redis-target.js';
import { LastingConnection } from '../../../redis/lasting.js';
import { withDeadline, withTranslatedErrors } from '../../../redis/reader.js';
import type { ListenAddress } from '../../../schedule/notify/listen.js';
import { cannotListen } from '../../../schedule/notify/listen-error.js';
import { openJobAccess } from '../../../reports/jobs/access.js';
import { readProxies } from '../../../serve/access/client.js';
import { FailedLogins } from '../../../serve/access/failed-logins.js';
import { tokenCheck } from '../../../serve/access/tokens.js';
import { createApp } from '../../../serve/app.js';
import { startChore } from '../../../serve/chore.js';
import { JobFeed } from '../../../serve/jobs/feed.js';
import { jobDocument } from '../../../serve/jobs/job-document.js';
import { Destinations } from '../../../serve/destinations.js';
import { checkBackups, checkRedis, checkSchedule } from '../../../serve/health-checks.js';
import { EvictionWatch } from '../../../serve/eviction-watch.js';
import { listen } from '../../../serve/listener.js';
import { requestLog } from '../../../serve/log.js';
import { readPageFiles } from '../../../serve/page-files.js';
import { answeringWith } from '../../../serve/request-listener.js';
import { apiRoutes } from '../../../serve/routes.js';
import { expectSafeAccess } from './safe-access.js';
import type { ScheduleService } from '../../../serve/schedule-service.js';
import type { Services } from '../../../serve/services.js';
import { keepServerSmall } from '../../run/memory.js';
import type { CommandContext } from '../../argv/command.js';
import { readVersion } from '../../argv/version.js';
import { DEFAULT_FILE, readGoodSchedule } from '../schedule/file.js';
import { stateFolderOf } from '../schedule/state-folder.js';
import { openMetrics } from './metrics-endpoint.js';
import { nameDestinations } from './named-destinations.js';
import { serveLogger } from './serve-logger.js';
import { originOf, servedStore } from './served-store.js';
import { readTls } from './tls-files.js';

/** How long an answer of Redis is waited for, also while it is away. */
const REDIS_WAIT_MS = 3000;
/** How long the metrics wait for the counts of jobs: Prometheus waits for 10 s by default. */
const COUNT_WAIT_MS = 2000;

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

/** A chore reads the destinations so long after it has read them; a request may do so in between. */
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
  const served = await nameDestinations(options.backup, {
    config,
    cwd: context.cwd,
    openVault: context.openVault,
  });
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
  const servedQueue = addressOf(options.queue);
  const metrics =
    options.metrics === undefined
      ? undefined
      : await openMetrics(options.metrics, {
          eventClients: () => jobFeed.size,
          jobsByState: () => countByState(withDeadline(redis, COUNT_WAIT_MS), servedQueue),
        });
  if (metrics !== undefined) closes.push(() => metrics.endpoint.close());
  const eviction = new EvictionWatch(redis);
  const services: Services = {
    ...{ redis, now, version: readVersion(), destinations, schedule },
    auth: auth === 'none' && proxies.isNamed ? 'proxy' : auth,
    ...{ pricing, config, queues, jobFeed, eviction },
    drillFolder: recordsFolderOf(stateFolderOf(context, options.stateDir)),
    openStore: store.open,
    retentionDays: config.billing.retentionDays,
    cutShort: (error) => {
      metrics?.metrics.cutShort();
      logger.error({ reason: messageOf(error) }, 'an answer was cut short');
    },
    health: {
      redis: () => checkRedis(redis, eviction),
      store: hasStoreCredentials(config) ? store.probe : undefined,
      schedule: schedule && (() => checkSchedule(schedule, { now, signal })),
      backups: served.named.length === 0 ? undefined : () => checkBackups(destinations),
    },
  };
  const tokens = tokenCheck({ jwtSecret, adminToken });
  const failedLogins = new FailedLogins(now);
  const log = requestLog(logger, metrics?.metrics);
  const imageOrigins = [originOf(config.publicAddress ?? config.store)];
  const app = createApp({
    routes: apiRoutes(services),
    page: await readPageFiles(),
    imageOrigins,
    rules: { ...{ auth, proxies, tokens, failedLogins, now } },
    hosts: new Set(options.host.map((name) => name.toLowerCase())),
    log,
  });
  const boundYoungSpace = keepServerSmall();
  const answering = answeringWith(app, { log, proxies, imageOrigins });
  const listener = await listen(
    { ...options.listen, tls, maxClients: options.maxClients },
    {
      ...answering,
      onRequest: (request, response) => {
        boundYoungSpace();
        answering.onRequest(request, response);
      },
    },
  ).catch((error: unknown) => {
    throw cannotListen(options.listen, error);
  });
  const { port } = listener;
  const about = { port, auth, tls: tls !== undefined, metrics_port: metrics?.endpoint.port };
  logger.info(about, 'the server listens');
  if (served.named.length > 0) {
    closes.push(startChore(() => destinations.refresh(), REFRESH_MS));
  }
  await aborted(signal);
  logger.info('ending: requests finish first');
  jobFeed.close();
  const cut = await listener.close(options.graceMs);
  if (cut > 0) logger.warn({ connections: cut }, 'the grace is over: connections were cut');
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

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
