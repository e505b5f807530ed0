import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError } from '../../errors.js';
import { countOf } from '../../count-of.js';
import { type ObjectName, compareKeys, compareObjects } from '../../key-order.js';

/** Collects in which backups an object has which content. Pure. */

/** What a match needs of a line. */
export type Match = ObjectName & Pick<IndexLine, 'size' | 'etag' | 'sha256' | 'last_modified'>;

/** A content of an object in successive backups of a line. */
export interface FoundVersion extends Match {
  line: string;
  /** The first and the last of these backups, and when they were made. */
  first_backup: string;
  first_at: string;
  last_backup: string;
  last_at: string;
  /** How many they are. */
  backups: number;
  /** Whether the last of them is the newest backup of the line that was searched. */
  in_newest: boolean;
}

export interface SearchedBackup {
  id: string;
  createdAt: string;
  line: string;
}

/** Each takes about 500 bytes. */
export const MOST_VERSIONS = 100_000;

interface Tracked {
  versions: FoundVersion[];
  /** The turn of its line in which it was seen last. */
  turn: number;
}

export class VersionHistory {
  readonly #objects = new Map<string, Tracked>();
  /** How many backups of each line were searched. */
  readonly #turns = new Map<string, number>();
  readonly #most: number;
  #count = 0;

  constructor(most = MOST_VERSIONS) {
    this.#most = most;
  }

  /**
   * Adds the matches of the next backup, oldest first. A content that one backup of the line lacks
   * begins anew. Throws `refused` if there are too many versions.
   */
  add(backup: SearchedBackup, matches: Iterable<Match>): void {
    const turn = (this.#turns.get(backup.line) ?? 0) + 1;
    this.#turns.set(backup.line, turn);
    for (const match of matches) this.#addMatch(backup, match, turn);
  }

  /** Returns the versions by bucket, key and line, oldest first. */
  versions(): FoundVersion[] {
    const found: FoundVersion[] = [];
    for (const { versions, turn } of this.#objects.values()) {
      const last = versions.at(-1);
      if (last !== undefined) last.in_newest = turn === this.#turns.get(last.line);
      found.push(...versions);
    }
    return found.sort((a, b) => compareObjects(a, b) || compareKeys(a.line, b.line));
  }

  #addMatch({ id, createdAt, line }: SearchedBackup, match: Match, turn: number): void {
    const name = JSON.stringify([line, match.bucket, match.key]);
    const tracked = this.#objects.get(name) ?? { versions: [], turn: 0 };
    const last = tracked.versions.at(-1);
    const isSame = last?.sha256 === match.sha256 && last.size === match.size;
    if (last !== undefined && isSame && tracked.turn === turn - 1) {
      last.last_backup = id;
      last.last_at = createdAt;
      last.backups += 1;
      last.etag = match.etag;
      last.last_modified = match.last_modified;
    } else {
      this.#count += 1;
      if (this.#count > this.#most) throw new TooManyVersions(this.#most);
      const { bucket, key, size, etag, sha256, last_modified } = match;
      tracked.versions.push({
        ...{ bucket, key, line, size, etag, sha256, last_modified },
        ...{ first_backup: id, first_at: createdAt, last_backup: id, last_at: createdAt },
        ...{ backups: 1, in_newest: false },
      });
    }
    tracked.turn = turn;
    this.#objects.set(name, tracked);
  }
}

/** Of one backup alone, or of all of them. */
export class TooManyVersions extends MangamotionError {
  constructor(most = MOST_VERSIONS) {
    super('refused', `more than ${countOf(most, 'version')} of objects match`, {
      hint: 'Use a longer pattern, or --bucket; "mangamotion backup ls" lists all objects of a backup.',
    });
  }
}
