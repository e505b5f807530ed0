import type { Environment } from './environment.js';
import { closest } from './typos.js';

/**
 * The settings of encryption. A mistake in one of their names must not give backups in plain text, so
 * it is an error where other unknown names are only a warning. Pure.
 */

const ENCRYPTION_SETTINGS = [
  'BACKUP_AGE_RECIPIENTS',
  'BACKUP_AGE_RECIPIENTS_FILE',
  'BACKUP_AGE_IDENTITY_FILE',
] as const;

const names: ReadonlySet<string> = new Set(ENCRYPTION_SETTINGS);

/** Names that can only have been meant for encryption. */
const LOOKS_LIKE = /^BACKUP_?AGE|^BACKUP_.*(RECIPI?E?NT|ENCRYPT)/i;

/** Returns what is wrong with the names, and with settings that are set to nothing. */
export function encryptionProblems(
  origin: string,
  values: Environment,
  known: ReadonlySet<string>,
): string[] {
  return Object.entries(values).flatMap(([name, value]): string[] => {
    if (names.has(name)) {
      if (value !== undefined && value.trim() !== '') return [];
      return value === undefined
        ? []
        : [`${name} (${origin}): is empty; unset it to make backups without encryption`];
    }
    if (known.has(name)) return [];
    const meant = closest(name, ENCRYPTION_SETTINGS);
    if (meant === undefined && !LOOKS_LIKE.test(name)) return [];
    const guess = meant ?? `one of ${ENCRYPTION_SETTINGS.join(', ')}`;
    return [`${name} (${origin}): is not a setting of mangamotion; did you mean ${guess}?`];
  });
}
