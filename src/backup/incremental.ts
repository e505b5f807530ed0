import { MangamotionError } from '../errors.js';
import type { Bucket } from '../object-store/port.js';
import type { ListedBackup } from '../repository/destination.js';
import { findParent, whyNoParent } from '../repository/parent.js';
import { type OpenBackup, type OpenCommitted, openCommitted } from '../repository/open-backup.js';
import { type Summary, objectsIn } from '../repository/summary.js';
import { type Deletions, type ParentChunk, findChanges } from './changes.js';
import { findSuspicious } from './deletion-guard.js';
import { type BackupOptions, chooseBuckets, planFull } from './full.js';
import { listAll } from './listing.js';
import { makeBackup } from './make-backup.js';
import { type BackupContext, type BackupPlan, type HeldContext, sourceOf } from './plan.js';

export interface IncrementalOptions extends BackupOptions {
  /** The id of the backup to compare with; the newest usable one where absent. */
  parent?: string | undefined;
  /** Read headers and tags of unchanged objects anew. */
  refreshMetadata: boolean;
  /** Deletions are meant, however many they are. */
  acceptDeletions: boolean;
}

/**
 * Copies what changed since the parent and refers to it for the rest. Without a usable parent it
 * becomes a full backup, and says so.
 */
export async function backUpIncremental(
  context: BackupContext,
  options: IncrementalOptions,
): Promise<Summary> {
  const run = { ...options, command: 'backup incremental' };
  return await makeBackup(context, run, (held) => planIncremental(held, options));
}

async function planIncremental(
  context: HeldContext,
  options: IncrementalOptions,
): Promise<BackupPlan> {
  const { destination, progress } = context;
  const backups = await destination.list();
  const parent = chooseParent(context, backups, options);
  if (parent === undefined) {
    progress.warn(
      `${destination.location} holds no backup of this source to compare with: making a full one`,
    );
    return await planFull(context, options);
  }
  const buckets = await chooseBuckets(context, options.selection);
  return compare(context, options, buckets, await openCommitted({ destination, backup: parent }));
}

function chooseParent(
  { store, destination }: BackupContext,
  backups: readonly ListedBackup[],
  { parent: id, selection, sourceName }: IncrementalOptions,
): ListedBackup | undefined {
  const source = sourceOf(store, selection, sourceName);
  if (id === undefined) return findParent(backups, source);
  const named = backups.find((backup) => backup.id === id);
  const hint = `See what there is with "mangamotion backup list ${destination.location}".`;
  if (named === undefined) {
    throw new MangamotionError('not_found', `no backup ${id} in ${destination.location}`, { hint });
  }
  const why = whyNoParent(named, backups, source);
  if (why === undefined) return named;
  throw new MangamotionError('refused', `${id} cannot be the parent: ${why}`, { hint });
}

function compare(
  { store, listings, signal }: HeldContext,
  { selection, refreshMetadata, acceptDeletions, sourceName }: IncrementalOptions,
  buckets: readonly Bucket[],
  parent: OpenCommitted,
): BackupPlan {
  const deletions = new Map<string, Deletions>();
  const changes = findChanges(listAll(listings, buckets, signal), chunksOf(parent), deletions, {
    refresh: refreshMetadata,
  });
  const expected = { objects: objectsIn(parent.summary), bytes: parent.summary.bytes };
  return {
    type: 'incremental',
    buckets,
    source: sourceOf(store, selection, sourceName),
    parent: parent.id,
    steps: changes,
    expected: () => Promise.resolve(expected),
    findings: () => ({
      deleted: [...deletions.values()].reduce((sum, { deleted }) => sum + deleted, 0),
      suspicious: acceptDeletions ? [] : findSuspicious(deletions),
    }),
    close: () => parent.archives.close(),
  };
}

async function* chunksOf({ directory, archives }: OpenBackup): AsyncGenerator<ParentChunk> {
  for (const chunk of directory.chunks) {
    const archive = await archives.of(chunk.archive);
    const lines = await archive.readChunk(chunk);
    // They are taken over unread: what they name, the new backup would name too.
    for (const line of lines) archives.checkNamed(line.archive);
    yield { chunk, lines };
  }
}
