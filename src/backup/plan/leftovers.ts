import { countOf } from '../../count-of.js';
import type { IndexLine } from '../../archive/index-line.js';
import { isMangamotionError } from '../../errors.js';
import { compareObjects } from '../../key-order.js';
import type { Leftover, ReadableArchive, TruncatedArchive } from '../../repository/leftover.js';
import type { Step } from './changes.js';

/** An incomplete archive, and the index lines of the objects that it holds, in order. */
export interface Salvageable {
  archive: ReadableArchive;
  lines: AsyncIterable<readonly IndexLine[]>;
}

/**
 * Lets steps copy an object from a leftover instead of the store, if its line matches the listing.
 */
export async function* salvageFrom(
  steps: AsyncIterable<readonly Step[]>,
  sources: readonly Salvageable[],
): AsyncGenerator<Step[]> {
  const cursors = sources.map((source) => new LineCursor(source));
  for await (const page of steps) {
    const changed: Step[] = [];
    for (const step of page) changed.push(step.kind === 'take' ? await find(step, cursors) : step);
    yield changed;
  }
}

type Take = Extract<Step, { kind: 'take' }>;

async function find(step: Take, cursors: readonly LineCursor[]): Promise<Step> {
  const { bucket, object, before } = step;
  for (const cursor of cursors) {
    const line = await cursor.find({ bucket, key: object.key });
    if (line !== undefined && isSame(step, line)) {
      const known = before === undefined ? {} : { before };
      return { kind: 'salvage', bucket, object, line, archive: cursor.archive, ...known };
    }
  }
  return step;
}

function isSame({ object }: Take, line: IndexLine): boolean {
  return (
    object.etag !== '' &&
    object.etag === line.etag &&
    object.sizeBytes === line.size &&
    Date.parse(object.lastModified) === Date.parse(line.last_modified)
  );
}

class LineCursor {
  readonly archive: ReadableArchive;
  readonly #chunks: AsyncIterator<readonly IndexLine[]>;
  #lines: readonly IndexLine[] = [];
  #position = 0;

  constructor({ archive, lines }: Salvageable) {
    this.archive = archive;
    this.#chunks = lines[Symbol.asyncIterator]();
  }

  /** Returns the object's line. Call it in the order of names. */
  async find(name: { bucket: string; key: string }): Promise<IndexLine | undefined> {
    for (;;) {
      const line = this.#lines[this.#position];
      if (line !== undefined) {
        const order = compareObjects(line, name);
        if (order === 0) return line;
        if (order > 0) return undefined;
        this.#position += 1;
      } else {
        const next = await this.#chunks.next();
        if (next.done === true) return undefined;
        this.#lines = next.value;
        this.#position = 0;
      }
    }
  }
}

type Warn = (line: string) => void;

/** Leftovers that are named one by one. */
const MOST_NAMED = 10;

/** Names what dead runs left, for a run that removes nothing. */
export function nameLeftovers(leftovers: readonly Leftover[], warn: Warn): void {
  const found = leftovers.filter(({ isOfBackup }) => isOfBackup !== true);
  for (const { path } of found.slice(0, MOST_NAMED)) {
    warn(`${path} was left by an earlier run: "backup prune" with keys that may delete removes it`);
  }
  const more = found.length - MOST_NAMED;
  if (more > 0) warn(`${countOf(more, 'more file')} left by earlier runs`);
}

/**
 * Opens the leftovers that can be read, and removes useless ones. One that cannot be opened or
 * removed, for lack of rights or because the disk fails, stays with a warning.
 */
export async function openLeftovers(
  leftovers: readonly Leftover[],
  warn: Warn,
): Promise<OpenLeftovers> {
  const open: OpenLeftover[] = [];
  // The temporary summary marks an archive as a leftover, so it is removed last.
  const marks: Leftover[] = [];
  for (const leftover of leftovers) {
    await orWarn(warn, leftover, async () => {
      const truncated = await leftover.open();
      if (truncated !== undefined && (await hasLines(truncated)))
        open.push({ leftover, truncated });
      else if (open.some((kept) => kept.leftover.id === leftover.id)) marks.push(leftover);
      else await leftover.remove();
    });
  }
  return new OpenLeftovers(open, marks, warn);
}

async function orWarn(warn: Warn, { path }: Leftover, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMangamotionError(error, 'usage', 'disk', 'damaged')) throw error;
    warn(`${path} was left by an earlier run and stays in place: ${error.message}`);
  }
}

interface OpenLeftover {
  leftover: Leftover;
  truncated: TruncatedArchive;
}

/** The leftovers of earlier runs that hold usable objects. */
export class OpenLeftovers {
  #open: readonly OpenLeftover[];
  #marks: readonly Leftover[];
  readonly #warn: Warn;

  constructor(open: readonly OpenLeftover[], marks: readonly Leftover[], warn: Warn) {
    this.#open = open;
    this.#marks = marks;
    this.#warn = warn;
  }

  get sources(): Salvageable[] {
    return this.#open.map(({ leftover, truncated }) => ({
      archive: truncated.archive,
      lines: ownLines(truncated, leftover.id),
    }));
  }

  get sizeBytes(): number {
    return this.#open.reduce((sum, { leftover }) => sum + leftover.sizeBytes, 0);
  }

  async remove(): Promise<void> {
    await this.close();
    for (const leftover of [...this.#open.map((open) => open.leftover), ...this.#marks]) {
      await orWarn(this.#warn, leftover, () => leftover.remove());
    }
    this.#marks = [];
    this.#open = [];
  }

  async close(): Promise<void> {
    for (const { truncated } of this.#open) await truncated.archive.close();
  }
}

/** Whether an archive has index lines. Closes it if not. */
async function hasLines(truncated: TruncatedArchive): Promise<boolean> {
  let found = false;
  try {
    for await (const lines of truncated.lines()) {
      found = lines.length > 0;
      if (found) break;
    }
    return found;
  } finally {
    if (!found) await truncated.archive.close();
  }
}

/** Yields the lines of objects in this archive; others lie in archives of backups. */
async function* ownLines(truncated: TruncatedArchive, id: string): AsyncGenerator<IndexLine[]> {
  for await (const lines of truncated.lines()) {
    yield lines.filter((line) => truncated.owns?.(line) ?? line.archive === id);
  }
}
