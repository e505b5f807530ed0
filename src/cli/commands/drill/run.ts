import { hasStoreCredentials } from '../../../config/load.js';
import type { StoreAddress } from '../../../config/store-address.js';
import type { DrillContext, DrillRedis, DrillTarget } from '../../../drill/context.js';
import type { Scenario } from '../../../drill/objectives.js';
import type { DrillRecord } from '../../../drill/records.js';
import type { DrillRequest } from '../../../drill/run-drills.js';
import { type ErrorCode, messageOf } from '../../../errors.js';
import type { ObjectStore } from '../../../object-store/port.js';
import type { CommandContext } from '../../argv/command.js';
import { stateFolderOf } from '../schedule/state-folder.js';
import { codeOf, printResults } from './describe.js';
import type { Into } from './place.js';

export interface DrillValues {
  into: Into | undefined;
  rto: number | undefined;
  rpo: number | undefined;
  pick: 'newest' | 'random' | undefined;
  line: string | undefined;
  check: string | undefined;
  keep: boolean;
  stateDir: string | undefined;
  sample?: number | undefined;
  maxBytes?: number | undefined;
  /** A duration in milliseconds. */
  lockFor?: number | undefined;
}

/** Runs scenarios, records and prints them. Resolves to the code of the worst verdict. */
export async function runDrillCommand(
  context: CommandContext,
  location: string,
  scenarios: readonly Scenario[],
  values: DrillValues,
  { onlyFitting = false } = {},
): Promise<ErrorCode | undefined> {
  const folder = stateFolderOf(context, values.stateDir);
  const earlier = await earlierDrills(context, folder);
  const elsewhere = addressIn(values.into);
  const records = await drill(context, location, {
    request: {
      ...(await requestOf(context, scenarios, values)),
      earlier,
      cold: false,
      onlyFitting,
    },
    openTarget: () => openTarget(context, elsewhere),
    openSource: hasStoreCredentials(await context.config()) ? () => context.openStore() : undefined,
    openRedis: () => openDrillRedis(context),
    onRecord: (record) => keepRecord(context, folder, record),
  });
  await printResults(context, records);
  return codeOf(records);
}

/** Restores into the server for drills, or else into the store itself. */
async function openTarget(
  context: CommandContext,
  elsewhere: StoreAddress | undefined,
): Promise<DrillTarget> {
  const { store: source } = await context.config();
  const store = await context.openDrillStore(elsewhere);
  if (store === undefined) return { store: await context.openStore(), isSource: true };
  return { store, isSource: store.endpoint === endpointOf(source) };
}

function endpointOf({ host, port, useTls }: StoreAddress): string {
  return `${useTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The Redis of DRILL_REDIS_URL, or a server of its own that ends with the drill. */
async function openDrillRedis(context: CommandContext): Promise<DrillRedis | undefined> {
  const { drill: settings } = await context.config();
  const { connectForDrill } = await import('../../run/open-redis.js');
  if (settings.redis !== undefined) {
    const { text, redis, close } = await connectForDrill(settings.redis, context.signal);
    const closed = () => {
      close();
      return Promise.resolve();
    };
    return { redis, text, close: closed };
  }
  const { startThrowawayRedis } = await import('../../../drill/redis/throwaway.js');
  const server = await startThrowawayRedis(context.signal);
  if (server === undefined) return undefined;
  const at = { kind: 'socket', path: server.socket } as const;
  const own = { at, username: undefined, password: undefined, db: 0, caPem: undefined };
  try {
    const { text, redis, close } = await connectForDrill(own, context.signal);
    const stop = async () => {
      close();
      await server.stop();
    };
    return { redis, text, close: stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface DrillParts {
  request: Omit<DrillRequest, 'onRecord'>;
  openTarget: () => Promise<DrillTarget>;
  openSource: (() => Promise<ObjectStore>) | undefined;
  openRedis: DrillContext['openRedis'];
  onRecord: DrillRequest['onRecord'];
}

/** Runs scenarios against a destination. Rejects with `not_found` if that does not exist. */
export async function drill(
  context: CommandContext,
  location: string,
  { request, openTarget: open, openSource, openRedis, onRecord }: DrillParts,
): Promise<DrillRecord[]> {
  const { progress, signal, now, warn } = context;
  const { openDestination } = await import('../../../repository/locate.js');
  const { describeOwner } = await import('../../../lock/owner.js');
  const { runDrills } = await import('../../../drill/run-drills.js');
  const destination = await openDestination(location, context.cwd, context);
  const records = await runDrills(
    {
      ...{ destination, openTarget: open, openSource, openRedis, now, signal, progress, warn },
      openVault: () => context.openVault(),
      owner: await describeOwner('drill'),
      note: (line) => progress.note(`mangamotion: ${line}`),
    },
    { ...request, onRecord },
  );
  progress.done();
  return records;
}

export async function earlierDrills(
  context: CommandContext,
  folder: string,
): Promise<DrillRecord[]> {
  const { readRecords, recordsFolderOf } = await import('../../../drill/records.js');
  const { warnOfDamaged } = await import('./read.js');
  const { records, damaged } = await readRecords(recordsFolderOf(folder));
  warnOfDamaged(context, damaged);
  return records;
}

/** Adds a record to those of this host. A drill is worth its result even where that fails. */
export async function keepRecord(
  { warn }: Pick<CommandContext, 'warn'>,
  folder: string,
  record: DrillRecord,
): Promise<void> {
  try {
    const { appendRecords, openRecordsFolder } = await import('../../../drill/records.js');
    await appendRecords(await openRecordsFolder(folder, warn), [record]);
  } catch (error) {
    warn(`the record of the drill could not be kept: ${messageOf(error)}`);
  }
}

export function addressIn(into: Into | undefined): StoreAddress | undefined {
  return into !== undefined && 'address' in into ? into.address : undefined;
}

export async function requestOf(
  { cwd }: CommandContext,
  scenarios: readonly Scenario[],
  values: DrillValues,
): Promise<Omit<DrillRequest, 'earlier' | 'cold' | 'onlyFitting' | 'onRecord'>> {
  const { into, rto, rpo, pick, line, check, keep, sample = 1, maxBytes, lockFor } = values;
  const { shellCheck } = await import('../../../drill/run-check.js');
  return {
    ...{ scenarios, sample, maxBytes, pick, line, keep, lockMs: lockFor },
    prefix: into !== undefined && 'prefix' in into ? into.prefix : '',
    rtoSeconds: rto === undefined ? undefined : rto / 1000,
    rpoSeconds: rpo === undefined ? undefined : rpo / 1000,
    check: check === undefined ? undefined : shellCheck(check, cwd),
  };
}
