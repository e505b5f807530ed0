import type { BackupEntry, Destination } from './destination.js';
import type { LegacyBackup } from './legacy/legacy-backup.js';

export interface LocatedBackup {
  destination: Destination;
  /** The entry of a legacy backup has an unreadable summary. */
  backup: BackupEntry;
  /** Present for a backup that backup-minio.sh made. The signal interrupts its unpacking. */
  legacy?: { found: LegacyBackup; signal: AbortSignal | undefined };
}
