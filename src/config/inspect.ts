import { DEFAULT_STORE } from './assemble.js';
import type { Config } from './config.js';
import { isReadableByAll } from './files.js';
import type { ConfigRequest, SettingsRead } from './load.js';
import { configurationError, readSettings, typoWarnings } from './load.js';
import { parseProxyUrl } from './proxy.js';
import { redact } from './redact.js';
import { REDACTED } from './secret.js';
import type { VariableName } from './settings.js';
import { VARIABLE_NAMES, defaultOf } from './settings.js';
import type { Settings, SourceKind } from './sources.js';
import { problemWith } from './sources.js';
import { parseEndpoint } from './store-address.js';
import { SECRET_KEY_FILES, locate } from './store-files.js';
import { ALL_PREFIXES } from './typos.js';
import { PROXY_VARIABLES, isSecretVariable } from './variables.js';

/** A setting as `config show` prints it. */
export interface ShownSetting {
  name: VariableName;
  /** As it is written; of a secret `set` or `not set`; `null` if nothing sets it. */
  value: string | null;
  /** `null` if nothing sets it and it has no default. */
  source: SourceKind | 'default' | null;
  /** The flag or the path of the file. */
  origin: string | null;
  secret: boolean;
  /** The setting that takes its place, so that this one is not used. */
  overridden_by: VariableName | null;
}

export interface Finding {
  kind: 'problem' | 'warning';
  /** What it is about: a file that cannot be read, a name, a file open to others, or a value. */
  about: 'file' | 'name' | 'secret' | 'value';
  message: string;
}

export interface CheckedSettings {
  /** Paths of the files that settings were read from. */
  files: readonly string[];
  /** How many settings are set. */
  set: number;
  /** Their names. */
  names: ReadonlySet<VariableName>;
  findings: Finding[];
  /** `undefined` where it cannot be made of them. */
  config: Config | undefined;
  /** What must never be printed. */
  secrets: readonly string[];
}

/** For each setting, those that are used in its place where one of them is set. */
const BEFORE: Partial<Record<VariableName, readonly VariableName[]>> = {
  S3_ENDPOINT: ['MINIO_ENDPOINT'],
  S3_ACCESS_KEY: ['MINIO_ACCESS_KEY'],
  S3_SECRET_KEY: ['MINIO_SECRET_KEY_FILE', 'MINIO_SECRET_KEY'],
  S3_REGION: ['MINIO_REGION'],
  S3_CA_CERT_PATH: ['MINIO_CA_FILE'],
  AWS_ENDPOINT_URL_S3: ['BACKUP_S3_ENDPOINT'],
  AWS_ENDPOINT_URL: ['BACKUP_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3'],
  AWS_REGION: ['BACKUP_S3_REGION'],
  AWS_DEFAULT_REGION: ['BACKUP_S3_REGION', 'AWS_REGION'],
  // A key pair comes from one place.
  AWS_ACCESS_KEY_ID: ['BACKUP_S3_ACCESS_KEY', 'BACKUP_S3_SECRET_KEY', 'BACKUP_S3_SECRET_KEY_FILE'],
  AWS_SECRET_ACCESS_KEY: [
    'BACKUP_S3_ACCESS_KEY',
    'BACKUP_S3_SECRET_KEY',
    'BACKUP_S3_SECRET_KEY_FILE',
  ],
  HTTP_PROXY: ['http_proxy'],
  HTTPS_PROXY: ['https_proxy'],
  NO_PROXY: ['no_proxy'],
  AWS_SESSION_TOKEN: ['BACKUP_S3_ACCESS_KEY', 'BACKUP_S3_SECRET_KEY', 'BACKUP_S3_SECRET_KEY_FILE'],
};

/**
 * Every setting, its value and where it comes from. Wrong values are shown as they are, and told in
 * `problems`. Rejects with `configuration` if a file of settings cannot be read.
 */
export async function showSettings(
  request: ConfigRequest,
): Promise<{ settings: ShownSetting[]; problems: readonly string[] }> {
  const { settings, unread, problems } = await readSettings(request);
  if (unread.length > 0) throw configurationError(unread);
  return { settings: VARIABLE_NAMES.map((name) => shown(name, settings)), problems };
}

function shown(name: VariableName, settings: Settings): ShownSetting {
  const setting = settings.get(name);
  const secret = isSecretVariable(name);
  const overriddenBy = setting && BEFORE[name]?.find((other) => settings.has(other));
  const rest = { secret, overridden_by: overriddenBy ?? fileOrKey(name, settings) ?? null };
  if (setting === undefined) {
    const fallback = defaultText(name, settings);
    const value = fallback ?? (secret ? 'not set' : null);
    const source = fallback === undefined ? null : ('default' as const);
    return { name, value, source, origin: null, ...rest };
  }
  const { value, kind, origin } = setting;
  return {
    name,
    value: secret ? 'set' : isProxy(name) ? withoutLogin(value) : redact(value),
    source: kind,
    origin: kind === 'environment' ? null : origin,
    ...rest,
  };
}

/** Of a secret key and its file, the one from the source that goes before is used. */
function fileOrKey(name: VariableName, settings: Settings): VariableName | undefined {
  const pair = SECRET_KEY_FILES.find(({ key, file }) => key === name || file === name);
  const other = pair && (pair.key === name ? pair.file : pair.key);
  const [own, others] = [settings.get(name), other && settings.get(other)];
  return own !== undefined && others !== undefined && others.rank < own.rank ? other : undefined;
}

function defaultText(name: VariableName, settings: Settings): string | undefined {
  if (name !== 'MINIO_ENDPOINT' || settings.has('S3_ENDPOINT')) return defaultOf(name);
  const { host, port } = DEFAULT_STORE;
  return settings.has('MINIO_PORT') ? host : `${host}:${port}`;
}

/** Everything that is wrong, or looks wrong, in all sources at once. Contacts no server. */
export async function checkSettings(request: ConfigRequest): Promise<CheckedSettings> {
  const read = await readSettings(request);
  const exposed = [...read.exposed, ...(await exposedKeyFiles(read.settings, request.cwd))];
  const typos = [
    ...read.warnings.filter((message) => !read.exposed.includes(message)),
    ...read.sources.flatMap(({ kind, origin, values }) =>
      kind === 'environment' || kind === 'env_file'
        ? typoWarnings(origin, values, ALL_PREFIXES)
        : [],
    ),
  ];
  const others = [
    ...halfPairs(read),
    ...idleSwitches(read.settings),
    ...unusableProxies(read.settings),
  ];
  const { problems, unread, unreadNamed, misnamed } = read;
  const isUnread = new Set([...unread, ...unreadNamed]);
  const isMisnamed = new Set(misnamed);
  const names = new Set(VARIABLE_NAMES.filter((name) => read.settings.has(name)));
  return {
    files: read.files,
    set: names.size,
    names,
    findings: [
      ...problems.map((message): Finding => {
        const about = isUnread.has(message) ? 'file' : isMisnamed.has(message) ? 'name' : 'value';
        return { kind: 'problem', about, message };
      }),
      ...warningsAbout('name', typos),
      ...warningsAbout('secret', exposed),
      ...warningsAbout('value', others),
    ],
    config: problems.length === 0 ? read.config : undefined,
    secrets: read.secrets,
  };
}

/** Each message once. */
function warningsAbout(about: Finding['about'], messages: readonly string[]): Finding[] {
  return [...new Set(messages)].map((message) => ({ kind: 'warning', about, message }));
}

async function exposedKeyFiles(settings: Settings, cwd: string): Promise<string[]> {
  const warnings: string[] = [];
  for (const { file: name } of SECRET_KEY_FILES) {
    const setting = settings.get(name);
    if (setting === undefined) continue;
    const file = locate(setting, cwd);
    if (!(await isReadableByAll(file))) continue;
    const what = `${file} can be read by all users; run chmod 600 ${file}`;
    warnings.push(problemWith(name, setting.origin, what));
  }
  return warnings;
}

function halfPairs({ config }: SettingsRead): string[] {
  if (config === undefined) return [];
  const { store, backup } = config;
  const { sessionToken } = backup.destination;
  return [
    ...halfPair(store, 'MINIO'),
    ...halfPair(backup.destination, 'BACKUP_S3'),
    ...(sessionToken === undefined
      ? []
      : ['AWS_SESSION_TOKEN is set, and s3:// destinations take permanent keys only']),
  ];
}

function halfPair(
  { accessKey, secretKey }: { accessKey: unknown; secretKey: unknown },
  prefix: string,
): string[] {
  if ((accessKey === undefined) === (secretKey === undefined)) return [];
  const [has, lacks] = accessKey === undefined ? ['secret', 'ACCESS'] : ['access', 'SECRET'];
  return [`there is the ${has} key of a pair, and ${prefix}_${lacks}_KEY is not set`];
}

/** Not a problem: it stops only what would go through that proxy. */
function unusableProxies(settings: Settings): string[] {
  return PROXY_VARIABLES.flatMap((name) => {
    const setting = settings.get(name);
    const proxy = setting && parseProxyUrl(setting.value);
    return typeof proxy === 'string' ? [problemWith(name, setting?.origin ?? '', proxy)] : [];
  });
}

function withoutLogin(url: string): string {
  return url.replace(/(^|\/\/)[^/]*@/, `$1${REDACTED}@`);
}

function isProxy(name: string): boolean {
  return PROXY_VARIABLES.some((one) => one === name);
}

const SWITCHES = [
  { name: 'MINIO_USE_SSL', endpoints: ['MINIO_ENDPOINT', 'S3_ENDPOINT'] },
  {
    name: 'BACKUP_S3_USE_SSL',
    endpoints: ['BACKUP_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  },
] as const;

/** A switch that says other than the scheme of the endpoint does nothing. */
function idleSwitches(settings: Settings): string[] {
  return SWITCHES.flatMap(({ name, endpoints }) => {
    const setting = settings.get(name);
    const endpointName = endpoints.find((one) => settings.has(one));
    const endpoint = endpointName && parseEndpoint(settings.get(endpointName)?.value ?? '');
    if (setting === undefined || typeof endpoint !== 'object') return [];
    const { useTls } = endpoint;
    if (useTls === undefined || useTls === /^(true|1|yes)$/i.test(setting.value)) return [];
    const scheme = useTls ? 'https://' : 'http://';
    const what = `has no effect: ${endpointName ?? ''} begins with ${scheme}`;
    return [problemWith(name, setting.origin, what)];
  });
}
