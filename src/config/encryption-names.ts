import type { Environment } from './environment.js';
import { closest } from './typos.js';

/**
 * The settings of encryption and signatures. A mistake in one of their names must not give backups in
 * plain text or without a signature, so it is an error where other unknown names are only a warning. Pure.
 */

/** Each with what leaving it unset means. */
const MEANING_UNSET = {
  BACKUP_AGE_RECIPIENTS: 'to make backups without encryption',
  BACKUP_AGE_RECIPIENTS_FILE: 'to make backups without encryption',
  BACKUP_AGE_IDENTITY_FILE: 'to open no encrypted backups',
  BACKUP_SIGNING_KEY_FILE: 'to make backups without signatures',
  BACKUP_SIGNER: 'to accept backups without signatures',
};

const NAMES = Object.keys(MEANING_UNSET);

/** Names that can only have been meant for encryption or signatures. */
const LOOKS_LIKE = /^BACKUP_?AGE|^BACKUP_.*(RECIPI?E?NT|ENCRYPT|MINISIG)|^BACKUP_(.*_)?SIGN/i;

/** Returns what is wrong with the names, and with settings that are set to nothing. */
export function encryptionProblems(
  origin: string,
  values: Environment,
  known: ReadonlySet<string>,
): string[] {
  const misnamed = Object.keys(values).flatMap((name): string[] => {
    if (known.has(name)) return [];
    const meant = closest(name, NAMES);
    if (meant === undefined && !LOOKS_LIKE.test(name)) return [];
    const guess = meant ?? `one of ${NAMES.join(', ')}`;
    return [`${name} (${origin}): is not a setting of mangamotion; did you mean ${guess}?`];
  });
  return [...emptyProblems(origin, values), ...misnamed];
}

/** Returns which of these settings are set to nothing, perhaps by a variable of a script that is unset. */
export function emptyProblems(origin: string, values: Environment): string[] {
  return Object.entries(MEANING_UNSET).flatMap(([name, meaning]) => {
    return values[name]?.trim() !== ''
      ? []
      : [`${name} (${origin}): is empty; unset it ${meaning}`];
  });
}
