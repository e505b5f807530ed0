import { durationMs } from '../../../duration.js';
import { MangamotionError } from '../../../errors.js';
import { parseListen, type ListenAddress } from '../../../schedule/notify/listen.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumber } from '../../values/count.js';
import { QUEUE_OPTIONS } from '../jobs/shared-options.js';
import { parseDuration } from '../../values/duration.js';

const DEFAULT_LISTEN: ListenAddress = { host: '127.0.0.1', port: 3000 };
const DEFAULT_GRACE_MS = 10_000;
const DEFAULT_MOST_CLIENTS = 1000;

export const serveCommand = defineCommand({
  description:
    'Serve the HTTP API and the dashboard: billing, jobs, backups, the schedule and health, with the ' +
    'documents of the commands. By default it listens on this machine alone and asks for no ' +
    'credentials. To listen on another address, use --auth token, or name the proxy that logs people ' +
    'in. SIGTERM lets requests finish.',
  arguments: {},
  options: {
    listen: {
      value: 'address',
      description: 'the address to listen on (default: 127.0.0.1:3000)',
      parse: parseListen,
    },
    auth: {
      value: 'how',
      description:
        'none, or token: JWTs of the backend (JWT_SECRET) for users, SERVE_ADMIN_TOKEN for administrators',
      choices: ['none', 'token'],
      default: 'none',
    },
    behindProxy: {
      value: 'address',
      description:
        'a proxy, or a network of proxies, whose X-User-ID and X-Forwarded-* are trusted; repeatable',
      repeatable: true,
    },
    host: {
      value: 'name',
      description: 'a host name under which the server is requested, besides localhost; repeatable',
      repeatable: true,
    },
    tlsCert: { value: 'file', description: 'the certificate chain, in PEM', complete: 'file' },
    tlsKey: { value: 'file', description: 'its private key, in PEM', complete: 'file' },
    backup: {
      value: 'destination',
      description: 'a folder or s3://bucket/prefix whose backups administrators see; repeatable',
      repeatable: true,
      complete: 'destination',
    },
    maxAge: {
      value: 'duration',
      description: 'the maximum age of the newest complete backup of each destination, such as 26h',
      parse: parseDuration,
    },
    file: {
      value: 'path',
      description:
        'the schedule that administrators see (default: mangamotion.crontab if --state-dir is given)',
      complete: 'file',
    },
    stateDir: {
      value: 'folder',
      description:
        'the state folder of its daemon (default: mangamotion in $XDG_STATE_HOME or ~/.local/state if --file is given)',
      complete: 'folder',
    },
    metrics: {
      value: 'address',
      description: 'serve /metrics for Prometheus at this address, such as 127.0.0.1:9465',
      parse: parseListen,
    },
    maxClients: {
      value: 'count',
      description: 'the maximum number of connections',
      parse: wholeNumber(1, 6),
      default: DEFAULT_MOST_CLIENTS,
    },
    grace: {
      value: 'time',
      description: 'how long requests may take at shutdown (default: 10s)',
      parse: readTime,
    },
    ...QUEUE_OPTIONS,
  },
  changes: 'nothing',
  usesStore: true,
  opensBackups: true,
  printsRows: false,
  endsInItsOwnTime: true,
  endsWith: ['unreachable', 'interrupted', 'terminated'],
  examples: {
    'mangamotion serve': 'serve this machine at http://127.0.0.1:3000',
    'mangamotion serve --listen :8080 --auth token --host manga.example.com':
      'serve others, who need a token',
    'mangamotion serve --backup s3://offsite/manga --max-age 26h --file mangamotion.crontab':
      'show backups and the schedule too',
  },
  async run(context, _arguments, options) {
    const { runServer } = await import('./run-server.js');
    const { listen = DEFAULT_LISTEN, grace: graceMs = DEFAULT_GRACE_MS } = options;
    await runServer(context, { ...options, listen, graceMs });
    return undefined;
  },
});

function readTime(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new MangamotionError('usage', 'must be a time such as 10s or 1m');
  return ms;
}
