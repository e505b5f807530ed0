import type { Archive } from '../../archive/archive.js';
import type { Directory } from '../../archive/directory.js';
import { FORMAT_VERSION } from '../../archive/footer.js';
import { compareKeys } from '../../key-order.js';
import { type LegacyDocuments, readLegacyDocuments } from './legacy-documents.js';
import { LegacyArchive } from './legacy-archive.js';
import type { LegacyBackup, Shortfall } from './legacy-backup.js';
import { type LegacyObjects, listLegacyObjects } from './legacy-objects.js';
import { unpack } from './unpack.js';

export interface OpenLegacy {
  archive: Archive;
  /** Built from the tree; it has no digests. */
  directory: Directory;
  problems: string[];
  shortfalls: Shortfall[];
}

const ONLY_CHANGES =
  'an incremental backup of backup-minio.sh holds only changed files and no deletions: ' +
  'restore the full backup before it first, then the incremental ones in order';

/**
 * Opens a legacy backup. A tar.gz cannot be read in part, so it is unpacked into a temporary
 * folder, which is removed when the archive is closed. Rejects with `damaged` if it cannot be
 * unpacked, with `disk` if there is no room, and with the signal's reason when it is aborted.
 */
export async function openLegacy(backup: LegacyBackup, signal?: AbortSignal): Promise<OpenLegacy> {
  const tree = backup.form === 'tar' ? await unpack(backup, signal) : inPlace(backup);
  try {
    const objects = await listLegacyObjects(backup.id, tree.root, signal);
    const documents = await readLegacyDocuments(backup.id, tree.root);
    const directory = describe(backup.id, objects, documents);
    const archive = new LegacyArchive(backup, tree, documents.contents, signal);
    return {
      archive,
      directory,
      problems: [
        ...(backup.type === 'incremental' ? [ONLY_CHANGES] : []),
        ...tree.problems,
        ...objects.problems,
        ...documents.problems,
      ],
      shortfalls: [...tree.shortfalls, ...objects.shortfalls, ...documents.shortfalls],
    };
  } catch (error) {
    await tree.remove();
    throw error;
  }
}

function inPlace({ path }: LegacyBackup) {
  return { root: path, shortfalls: [], problems: [], remove: () => Promise.resolve() };
}

/** Builds a directory of the buckets that have a folder, or for which a document was requested. */
function describe(id: string, objects: LegacyObjects, documents: LegacyDocuments): Directory {
  const nothing = { created_at: null, region: null, objects: 0, bytes: 0 };
  const buckets = [...new Set([...objects.buckets.keys(), ...documents.buckets])]
    .sort(compareKeys)
    .map((name) => ({ ...nothing, name, ...objects.buckets.get(name) }));
  return {
    format: FORMAT_VERSION,
    archive: id,
    objects: buckets.reduce((sum, bucket) => sum + bucket.objects, 0),
    bytes: buckets.reduce((sum, bucket) => sum + bucket.bytes, 0),
    buckets,
    documents: documents.entries,
    chunks: objects.chunks,
  };
}
