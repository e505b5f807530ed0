import { countOf } from '../count-of.js';
import path from 'node:path';
import { MangamotionError } from '../errors.js';
import { assemble } from './assemble.js';
import type { Config } from './config.js';
import { emptyProblems, encryptionProblems } from './encryption-names.js';
import type { Environment } from './environment.js';
import { type FileRead, exists, readConfigFile, readEnvFile } from './files.js';
import { secretsOfProxy } from './proxy.js';
import { readVariables, VARIABLE_NAMES } from './settings.js';
import type { Settings, Source } from './sources.js';
import { mergeSources } from './sources.js';
import { readStoreFiles } from './store-files.js';
import { closest, findTypos } from './typos.js';
import { PROXY_VARIABLES, isSecretVariable } from './variables.js';

export type { Config } from './config.js';
export {
  copyStoreSettings,
  drillStoreSettings,
  hasStoreCredentials,
  requireBackupStoreSettings,
  requireStoreSettings,
} from './config.js';

const KNOWN_NAMES: ReadonlySet<string> = new Set(VARIABLE_NAMES);

const DEFAULT_CONFIG_FILE = 'mangamotion.config.json';

export interface ConfigRequest {
  environment: Environment;
  cwd: string;
  /** --env-file and --config; relative to `cwd`. */
  envFile: string | undefined;
  configFile: string | undefined;
  /** The variables that count, where not all do: faults of the others are not reported. */
  only?: ((name: string) => boolean) | undefined;
  /** For each variable, the flag that sets it. */
  flags: Readonly<Record<string, { flag: string; value: string | undefined }>>;
}

export interface LoadedConfig {
  config: Config;
  /** The files of settings that were read. */
  files: readonly string[];
  /** Lines for stderr. */
  warnings: string[];
  /** What must never be printed. */
  secrets: string[];
}

/**
 * Reads and checks all settings: flag, then environment, then env file, then config file, then
 * default. Rejects with one `configuration` error that names every problem.
 */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const { config, problems, ...read } = await readSettings(request);
  if (config === undefined || problems.length > 0) throw configurationError(problems);
  return { ...read, config };
}

export interface SettingsRead extends Pick<LoadedConfig, 'warnings' | 'secrets' | 'files'> {
  settings: Settings;
  sources: readonly Source[];
  /** Faults of the files that hold settings: what they would say is not known. */
  unread: readonly string[];
  /** Faults of the files that settings name: secret keys and certificates. */
  unreadNamed: readonly string[];
  /** Names in the config file that are no settings. */
  misnamed: readonly string[];
  /** Those of the warnings that are about files with secrets that all users can read. */
  exposed: readonly string[];
  /** All faults. */
  problems: readonly string[];
  config: Config | undefined;
}

/** Reads and checks all settings, and tells what is wrong with them. */
export async function readSettings(request: ConfigRequest): Promise<SettingsRead> {
  const { sources, problems: unread, exposed, warnings, misnamed } = await readSources(request);
  const settings = mergeSources(sources, request.only);
  const { variables, problems: invalid } = readVariables(settings);
  const files = await readStoreFiles(settings, request.cwd);
  const assembled = variables && assemble(variables, settings, files);
  const problems = [
    ...unread,
    ...misnamed,
    ...invalid,
    ...files.problems,
    ...(assembled?.problems ?? []),
  ];
  const secrets = [...settings].flatMap(([name, { value }]) =>
    isSecretVariable(name) ? [value] : [],
  );
  for (const name of PROXY_VARIABLES) secrets.push(...secretsOfProxy(settings.get(name)?.value));
  const ofUrls = [assembled?.config?.redis, assembled?.config?.drill.redis].map((redis) =>
    redis?.password?.reveal(),
  );
  const { secretKey, backupSecretKey, copySecretKey, drillSecretKey, jwtSecret, adminToken } =
    files;
  for (const key of [
    secretKey,
    backupSecretKey,
    copySecretKey,
    drillSecretKey,
    jwtSecret,
    adminToken,
    ...ofUrls,
  ]) {
    if (key !== undefined) secrets.push(key);
  }
  return {
    ...{ settings, sources, unread, misnamed, exposed, problems, warnings, secrets },
    unreadNamed: files.problems,
    config: assembled?.config,
    files: sources.flatMap(({ kind, origin }) =>
      kind === 'env_file' || kind === 'file' ? [origin] : [],
    ),
  };
}

interface SourcesRead {
  sources: Source[];
  problems: string[];
  /** Names in the config file that are no settings. */
  misnamed: string[];
  /** About files with secrets that all users can read; they are among the warnings. */
  exposed: string[];
  warnings: string[];
}

async function readSources(request: ConfigRequest): Promise<SourcesRead> {
  const { environment, cwd, envFile } = request;
  const flags = Object.entries(request.flags).map(([name, { flag, value }]) => ({
    kind: 'flag' as const,
    origin: flag,
    values: { [name]: value },
  }));
  const sources: Source[] = [
    ...flags,
    { kind: 'environment', origin: 'environment', values: environment },
  ];
  const problems: string[] = encryptionProblems('environment', environment, KNOWN_NAMES);
  const misnamed: string[] = [];
  const exposed: string[] = [];
  const warnings = typoWarnings('environment', environment);

  const add = ({ source, ...read }: FileRead): Source | undefined => {
    problems.push(...read.problems);
    exposed.push(...read.warnings);
    warnings.push(...read.warnings);
    if (source !== undefined) sources.push(source);
    return source;
  };
  if (envFile !== undefined) {
    const source = add(await readEnvFile(envFile, cwd));
    if (source !== undefined) {
      problems.push(...encryptionProblems(source.origin, source.values, KNOWN_NAMES));
      warnings.push(...typoWarnings(source.origin, source.values));
    }
  }
  const hasDefault = await exists(path.join(cwd, DEFAULT_CONFIG_FILE));
  const configFile = request.configFile ?? (hasDefault ? DEFAULT_CONFIG_FILE : undefined);
  if (configFile !== undefined) {
    const source = add(await readConfigFile(configFile, cwd));
    if (source !== undefined) {
      problems.push(...emptyProblems(source.origin, source.values));
      misnamed.push(...unknownNames(source));
    }
  }
  return { sources, problems, misnamed, exposed, warnings };
}

/** `prefixes`: with what a name begins that may be meant for us. */
export function typoWarnings(
  origin: string,
  values: Environment,
  prefixes?: readonly string[],
): string[] {
  const names = Object.keys(values).filter((name) => values[name] !== '');
  return findTypos(names, VARIABLE_NAMES, prefixes).map(
    ({ name, meant }) =>
      `${name} (${origin}) is not a setting of mangamotion; did you mean ${meant}?`,
  );
}

/** The config file is ours alone, so that a name we do not know is an error in it. */
function unknownNames({ origin, values }: Source): string[] {
  const known = new Set<string>(VARIABLE_NAMES);
  return Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => {
      const meant = closest(name, VARIABLE_NAMES);
      const guess = meant === undefined ? '' : `; did you mean ${meant}?`;
      return `${name} (${origin}): is not a setting of mangamotion${guess}`;
    });
}

export function configurationError(problems: readonly string[]): MangamotionError {
  const [only = 'wrong settings'] = problems;
  if (problems.length === 1) return new MangamotionError('configuration', only);
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new MangamotionError(
    'configuration',
    `${countOf(problems.length, 'setting')} are wrong:${list}`,
  );
}
