import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerContext } from '../../../backup/shards/shard-worker.js';
import { MangamotionError } from '../../../errors.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import type { CommandContext } from '../../argv/command.js';
import { readVersion } from '../../argv/version.js';
import { findingsAbout } from '../schedule/state-folder.js';

/** Name and version of this program. */
export function toolName(): string {
  return `mangamotion ${readVersion()}`;
}

/**
 * Opens what a worker needs, in this order: a folder that is missing is told at once. `readers` is the
 * number of threads that read objects. Rejects where the destination or the store cannot be used.
 */
export async function openShardContext(
  context: CommandContext,
  location: string,
  readers: number,
): Promise<WorkerContext> {
  const { openDestination } = await import('../../../repository/locate.js');
  const { backup } = await context.config();
  if (!backup.compression) {
    throw new MangamotionError('usage', 'BACKUP_COMPRESSION is false, and parts are archives', {
      hint: 'Leave BACKUP_COMPRESSION unset for workers.',
    });
  }
  const vault = await context.openVault();
  // A key that cannot be used is told before anything is read.
  await vault.signingKey();
  const destination = await openDestination(location, context.cwd, context, { vault });
  // A bucket that is missing or not readable shows at its first use.
  if (isS3Url(location)) await destination.readFile(NO_FILE, 1);
  const store = await context.openStore([], readers);
  return {
    ...{ store, destination, tool: toolName() },
    findings: await findingsAbout(context, store),
    clock: {
      now: () => context.now(),
      sleep: (ms) => sleep(ms, undefined, { signal: context.signal }),
    },
    sourceName: backup.sourceName,
  };
}

/** The name of a file that no destination has. */
const NO_FILE = 'mangamotion-worker-looks';
