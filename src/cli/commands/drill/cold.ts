import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import type { StoreSettings } from '../../../config/config.js';
import {
  type Config,
  drillStoreSettings,
  requireBackupStoreSettings,
} from '../../../config/load.js';
import { processEnvironment } from '../../../config/environment.js';
import { type DrillRecord, drillRecord } from '../../../drill/records.js';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import type { CommandContext } from '../../argv/command.js';
import { thisProgram } from '../schedule/program.js';
import { stateFolderOf } from '../schedule/state-folder.js';
import { codeOf, printResults } from './describe.js';
import { type DrillValues, addressIn, drill, earlierDrills, keepRecord, requestOf } from './run.js';

/**
 * A drill as on the day after a fire. The settings of the destination and of the server for drills
 * are given to another process of this program, whose environment holds nothing else: an empty HOME,
 * no file of settings, no state folder. Only a process with such an environment drills.
 */
export async function runCold(
  context: CommandContext,
  location: string,
  values: DrillValues,
): Promise<ErrorCode | undefined> {
  if (await isCold(context)) return await drillCold(context, location, values);
  return await drillInChild(context, location, values);
}

/** Variables of a process that say nothing of this host's configuration. */
const NEUTRAL = new Set([
  ...['PATH', 'HOME', 'PWD', 'OLDPWD', 'SHLVL', '_', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
  ...['TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR', 'COLUMNS', 'LINES'],
]);
/** The settings of the destination, and of the server that stands for the new one. */
const DESTINATION = /^(?:BACKUP_S3|DRILL_S3)_[A-Z_]+$/;

async function isCold({ settingFlags, cwd }: CommandContext): Promise<boolean> {
  const names = Object.keys(processEnvironment());
  if (settingFlags.length > 0) return false;
  if (!names.every((name) => NEUTRAL.has(name) || DESTINATION.test(name))) return false;
  const [home, here] = [homedir(), path.resolve(cwd)];
  const isEmpty = async (folder: string) => (await readdir(folder).catch(() => [''])).length === 0;
  return (await isEmpty(home)) && (here === home || (await isEmpty(here)));
}

/** Neither reads nor writes a state folder, and asks no store what is newer: there is none any more. */
async function drillCold(
  context: CommandContext,
  location: string,
  values: DrillValues,
): Promise<ErrorCode | undefined> {
  const elsewhere = addressIn(values.into);
  const records = await drill(context, location, {
    request: {
      ...(await requestOf(context, ['offsite'], values)),
      earlier: [],
      cold: true,
      onlyFitting: false,
    },
    openTarget: async () => {
      const store = await context.openDrillStore(elsewhere);
      if (store !== undefined) return { store, isSource: false };
      if (isS3Url(location)) return { store: await context.openBackupStore(), isSource: false };
      throw new MangamotionError('configuration', 'there is no server to restore into', {
        hint: 'set DRILL_S3_ENDPOINT, DRILL_S3_ACCESS_KEY and DRILL_S3_SECRET_KEY',
      });
    },
    openSource: undefined,
    openRedis: undefined,
    onRecord: () => Promise.resolve(),
  });
  // The process that began this one keeps the same records, by the same ids.
  await printResults(context, records, { whole: true });
  return codeOf(records);
}

const answer = v.pipe(v.string(), v.parseJson(), v.object({ drills: v.array(drillRecord) }));

/** More is no answer of a drill. */
const MOST_ANSWER_CHARACTERS = 4 * 1024 * 1024;

async function drillInChild(
  context: CommandContext,
  location: string,
  values: DrillValues,
): Promise<ErrorCode | undefined> {
  const folder = stateFolderOf(context, values.stateDir);
  const place = isS3Url(location) ? location : path.resolve(context.cwd, location);
  const pick = values.pick ?? (await nextPick(context, folder, place));
  const config = await context.config();
  await removeOldFolders();
  const root = await mkdtemp(path.join(tmpdir(), FOLDER_STEM));
  let records: DrillRecord[];
  try {
    const home = path.join(root, 'home');
    await mkdir(home);
    const settings = await settingsFor(config, location, values, root);
    const args = [place, ...flagsOf({ ...values, pick })];
    const env = { ...neutralEnvironment(), ...settings, HOME: home };
    records = await childResults(context, args, env, home);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  for (const record of records) await keepRecord(context, folder, record);
  await printResults(context, records);
  return codeOf(records);
}

async function nextPick(
  context: CommandContext,
  folder: string,
  location: string,
): Promise<'newest' | 'random'> {
  const { pickAfter } = await import('../../../drill/choose.js');
  const earlier = await earlierDrills(context, folder);
  const before = earlier.filter(({ scenario, destination }) => {
    return scenario === 'offsite' && destination === location;
  });
  return pickAfter(before.length);
}

const FOLDER_STEM = 'mangamotion-cold-';
const OLD_MS = 7 * 86_400_000;

/** Removes what killed drills left. A folder of somebody else cannot be removed, and stays. */
async function removeOldFolders(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(FOLDER_STEM));
  for (const name of names) {
    const folder = path.join(tmpdir(), name);
    const modifiedAtMs = (await lstat(folder).catch(() => undefined))?.mtimeMs ?? Infinity;
    if (Date.now() - modifiedAtMs < OLD_MS) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Returns the options of the other process; a server of --into is in its settings. */
function flagsOf({ into, rto, rpo, pick, line, check, keep, sample, maxBytes }: DrillValues) {
  const flag = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    ...flag('into', into !== undefined && 'prefix' in into ? into.prefix : undefined),
    ...flag('rto', durationText(rto)),
    ...flag('rpo', durationText(rpo)),
    ...flag('pick', pick),
    ...flag('line', line),
    ...flag('check', check),
    ...flag('sample', sample === undefined ? undefined : String(sample)),
    ...flag('max-bytes', maxBytes === undefined ? undefined : String(maxBytes)),
    ...(keep ? ['--keep'] : []),
  ];
}

const DAY_MS = 86_400_000;

function durationText(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined;
  return `${Math.floor(ms / DAY_MS)}d${Math.floor((ms % DAY_MS) / 1000)}s`;
}

async function childResults(
  context: CommandContext,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
): Promise<DrillRecord[]> {
  const [file, ...before] = thisProgram({ ...context, settingFlags: [] });
  const child = spawn(file, [...before, 'drill', 'offsite', ...args, '--cold', '--json'], {
    ...{ env, cwd, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  // It removes its buckets before it ends.
  const end = () => child.kill('SIGTERM');
  context.signal.addEventListener('abort', end, { once: true });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < MOST_ANSWER_CHARACTERS) text += chunk;
  });
  await once(child, 'close');
  context.signal.removeEventListener('abort', end);
  context.signal.throwIfAborted();
  const parsed = v.safeParse(answer, text);
  if (parsed.success) return parsed.output.drills;
  throw childFailure(text);
}

const failure = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    error: v.object({
      code: v.string(),
      message: v.string(),
      hint: v.optional(v.nullable(v.string())),
    }),
  }),
);

function childFailure(text: string): MangamotionError {
  const parsed = v.safeParse(failure, text);
  if (!parsed.success) return new MangamotionError('internal', 'the cold drill gave no answer');
  const { code, message, hint } = parsed.output.error;
  const known = ['not_found', 'configuration', 'usage', 'access_denied', 'unreachable'] as const;
  return new MangamotionError(known.find((one) => one === code) ?? 'internal', message, {
    hint: hint ?? undefined,
  });
}

function neutralEnvironment(): Record<string, string> {
  const entries = Object.entries(processEnvironment()).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && NEUTRAL.has(pair[0]),
  );
  return Object.fromEntries(entries);
}

/** Returns the settings of the destination and of the server for drills, wherever they came from. */
async function settingsFor(
  config: Config,
  location: string,
  values: DrillValues,
  root: string,
): Promise<Record<string, string>> {
  const stores: [prefix: string, settings: StoreSettings | undefined][] = [
    ['BACKUP_S3', isS3Url(location) ? requireBackupStoreSettings(config) : undefined],
    ['DRILL_S3', drillStoreSettings(config, addressIn(values.into))],
  ];
  const settings: Record<string, string> = {};
  for (const [prefix, store] of stores) {
    if (store === undefined) continue;
    const { host, port, useTls, accessKey, secretKey, region, caPem } = store;
    const shown = host.includes(':') ? `[${host}]` : host;
    settings[`${prefix}_ENDPOINT`] = `${useTls ? 'https' : 'http'}://${shown}:${port}`;
    settings[`${prefix}_ACCESS_KEY`] = accessKey;
    settings[`${prefix}_SECRET_KEY`] = secretKey.reveal();
    if (region !== undefined) settings[`${prefix}_REGION`] = region;
    if (caPem === undefined) continue;
    // Outside of the HOME, which stays empty.
    const file = path.join(root, `${prefix}.pem`);
    await writeFile(file, caPem, { mode: 0o600 });
    settings[`${prefix}_CA_FILE`] = file;
  }
  return settings;
}
