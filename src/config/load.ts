import path from 'node:path';
import { MangamotionError } from '../errors.js';
import { assemble } from './assemble.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { type FileRead, exists, readConfigFile, readEnvFile } from './files.js';
import { readVariables, VARIABLE_NAMES } from './settings.js';
import type { Source } from './sources.js';
import { mergeSources } from './sources.js';
import { readStoreFiles } from './store-files.js';
import { closest, findTypos } from './typos.js';
import { isSecretVariable } from './variables.js';

export type { Config } from './config.js';
export { hasStoreCredentials, requireBackupStoreSettings, requireStoreSettings } from './config.js';

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
  const { sources, problems, warnings } = await readSources(request);
  const settings = mergeSources(sources, request.only);
  const { variables, problems: invalid } = readVariables(settings);
  const files = await readStoreFiles(settings, request.cwd);
  problems.push(...invalid, ...files.problems);
  const assembled = variables && assemble(variables, settings, files);
  problems.push(...(assembled?.problems ?? []));
  if (assembled?.config === undefined || problems.length > 0) throw configurationError(problems);
  const secrets = [...settings].flatMap(([name, { value }]) =>
    isSecretVariable(name) ? [value] : [],
  );
  const redisPassword = assembled.config.redis.password?.reveal();
  for (const key of [files.secretKey, files.backupSecretKey, redisPassword]) {
    if (key !== undefined) secrets.push(key);
  }
  return { config: assembled.config, warnings, secrets };
}

interface SourcesRead {
  sources: Source[];
  problems: string[];
  warnings: string[];
}

async function readSources(request: ConfigRequest): Promise<SourcesRead> {
  const { environment, cwd, envFile } = request;
  const flags = Object.entries(request.flags).map(([name, { flag, value }]) => ({
    origin: flag,
    values: { [name]: value },
  }));
  const sources: Source[] = [...flags, { origin: 'environment', values: environment }];
  const problems: string[] = [];
  const warnings = typoWarnings('environment', environment);

  const add = ({ source, ...read }: FileRead): Source | undefined => {
    problems.push(...read.problems);
    warnings.push(...read.warnings);
    if (source !== undefined) sources.push(source);
    return source;
  };
  if (envFile !== undefined) {
    const source = add(await readEnvFile(envFile, cwd));
    if (source !== undefined) warnings.push(...typoWarnings(source.origin, source.values));
  }
  const hasDefault = await exists(path.join(cwd, DEFAULT_CONFIG_FILE));
  const configFile = request.configFile ?? (hasDefault ? DEFAULT_CONFIG_FILE : undefined);
  if (configFile !== undefined) {
    const source = add(await readConfigFile(configFile, cwd));
    if (source !== undefined) problems.push(...unknownNames(source));
  }
  return { sources, problems, warnings };
}

function typoWarnings(origin: string, values: Environment): string[] {
  const names = Object.keys(values).filter((name) => values[name] !== '');
  return findTypos(names, VARIABLE_NAMES).map(
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

function configurationError(problems: readonly string[]): MangamotionError {
  const [only = 'wrong settings'] = problems;
  if (problems.length === 1) return new MangamotionError('configuration', only);
  const list = problems.map((problem) => `\n  - ${problem}`).join('');
  return new MangamotionError('configuration', `${problems.length} settings are wrong:${list}`);
}
