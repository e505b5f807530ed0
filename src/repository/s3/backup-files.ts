import { PARTIAL_SUFFIX } from '../../files/sync.js';
import {
  ARCHIVE_SUFFIXES,
  MARKS,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  markSuffix,
} from '../names.js';

/** Marks a backup that is being removed, so that the next run removes the rest. */
export const REMOVAL_SUFFIX = SUMMARY_SUFFIX + PARTIAL_SUFFIX;

/**
 * The endings of the names of the files that a backup needs to be read: those that are locked. A backup
 * may lack the ones that are neither its archive nor its summary.
 */
export const LOCKED_FILES: readonly string[] = [
  ...ARCHIVE_SUFFIXES,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
];

/** The endings of the names of a backup's files, in the order in which the files are removed. */
export const FILES_OF_BACKUP: readonly string[] = [
  SUMMARY_SUFFIX,
  SIGNATURE_SUFFIX,
  ...ARCHIVE_SUFFIXES,
  SIDECAR_SUFFIX,
  ...MARKS.map(markSuffix),
  REMOVAL_SUFFIX,
];
