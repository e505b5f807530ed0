import { type KeySelection, selectsAll } from '../archive/select.js';
import { MangamotionError } from '../errors.js';
import type { OpenBackup } from '../repository/open-backup.js';

/** What of a backup is restored: documents of buckets (`metadata`), objects (`data`), or both. Pure. */

export type RestoreScope = 'full' | 'metadata' | 'data';

export interface ScopeRequest {
  scope: RestoreScope;
  selection: KeySelection;
  deleteExtra: boolean;
}

/**
 * With a key or prefix the objects alone are meant. Throws `usage` for what contradicts itself, and
 * `not_found` where the backup has nothing of it.
 */
export function decideScope(
  { scope, selection, deleteExtra }: ScopeRequest,
  backup: OpenBackup['summary'],
) {
  const narrowed = !selectsAll(selection);
  if (scope === 'metadata' && narrowed) {
    throw usage('--key and --prefix select objects, and metadata restores none');
  }
  if (scope === 'metadata' && deleteExtra) {
    throw usage('--delete-extra removes objects, and metadata is about none');
  }
  if (deleteExtra && selection.keys.length > 0) {
    throw usage('--delete-extra and --key exclude each other');
  }
  if (scope === 'data' && backup.type === 'metadata') {
    throw new MangamotionError('not_found', `${backup.id} holds no objects, only metadata`, {
      hint: 'Restore it with the scope metadata, or name a full or incremental backup.',
    });
  }
  if (deleteExtra) refuseDeletion(backup);
  return {
    documents: scope !== 'data' && !narrowed,
    objects: scope !== 'metadata' && backup.type !== 'metadata',
  };
}

/** What a backup does not have for want of being complete is not what the target has too much. */
function refuseDeletion({ id, type, status }: OpenBackup['summary']): void {
  if (type !== 'metadata' && status === 'complete') return;
  const why = type === 'metadata' ? 'it holds no objects' : `it is ${status}`;
  throw new MangamotionError(
    'refused',
    `--delete-extra would remove what ${id} does not have, and ${why}: nothing was changed`,
    { hint: 'Restore it without --delete-extra, or use a complete backup.' },
  );
}

function usage(message: string): MangamotionError {
  return new MangamotionError('usage', message);
}
