import type { ChunkReference, Directory } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { MangamotionError } from '../errors.js';
import { compareKeys, compareObjects, type ObjectName } from '../key-order.js';
import type { LocatedBackup } from '../repository/located-backup.js';
import { openCommitted } from '../repository/open-backup.js';

/** Objects are named `bucket/key` here: buckets are the outermost folders. */
export interface PageRequest {
  /** The beginning of all names. */
  prefix: string;
  /** Whether names are cut at the next slash behind the prefix, and so put together as folders. */
  asFolders: boolean;
  /** `next` of the page before. */
  after: string | undefined;
  /** The most folders and objects. */
  limit: number;
}

interface Folder {
  /** The prefix that the names of all objects in the folder have; it ends with the slash. */
  prefix: string;
  objects: number;
  bytes: number;
}

export interface Page {
  folders: Folder[];
  objects: IndexLine[];
  /** The `after` of the next page; `null` on the last page. */
  next: string | null;
  /** All objects with the prefix; `null` if counting them takes more than the directory. */
  total: Pick<Folder, 'objects' | 'bytes'> | null;
}

/** Chunks that are read for a page, after which it ends early. Each has some ten thousand objects. */
const MOST_CHUNKS = 16;

/**
 * Reads a page of a backup's index. Chunks that lie in one folder are counted and not read. Rejects
 * with `not_found` if the prefix names an unknown bucket.
 */
export async function browseBackup(located: LocatedBackup, request: PageRequest): Promise<Page> {
  const { archives, directory } = await openCommitted(located);
  try {
    const total = totalOf(directory, request.prefix);
    if (request.asFolders && !request.prefix.includes('/')) {
      return { ...bucketPage(directory, request), total };
    }
    const page = new PageBuilder(request);
    for (const chunk of directory.chunks) {
      const use = page.useOf(chunk);
      if (use === 'none') continue;
      if (use === 'end') break;
      if (use === 'count') page.addWhole(chunk);
      else page.addLines(await (await archives.of(chunk.archive)).readChunk(chunk));
      if (page.isFull) break;
    }
    return { ...page.page, total };
  } finally {
    await archives.close();
  }
}

function totalOf(directory: Directory, prefix: string): Page['total'] {
  if (prefix === '') return { objects: directory.objects, bytes: directory.bytes };
  const { bucket, key } = splitName(prefix);
  if (key === undefined) return null;
  const entry = directory.buckets.find(({ name }) => name === bucket);
  if (entry === undefined) {
    throw new MangamotionError('not_found', `the backup has no bucket ${bucket}`);
  }
  return key === '' ? { objects: entry.objects, bytes: entry.bytes } : null;
}

function bucketPage(
  { buckets }: Directory,
  { prefix, after, limit }: PageRequest,
): Omit<Page, 'total'> {
  const found = buckets
    .filter(({ name }) => name.startsWith(prefix))
    .filter(({ name }) => after === undefined || compareKeys(name, splitName(after).bucket) > 0)
    .sort((a, b) => compareKeys(a.name, b.name));
  const folders = found
    .slice(0, limit)
    .map(({ name, objects, bytes }) => ({ prefix: `${name}/`, objects, bytes }));
  const next = found.length > limit ? (folders.at(-1)?.prefix ?? null) : null;
  return { folders, objects: [], next };
}

/** Buckets have no slash in their names. `key` is `undefined` if the text is not past the bucket. */
function splitName(text: string): { bucket: string; key: string | undefined } {
  const slash = text.indexOf('/');
  if (slash === -1) return { bucket: text, key: undefined };
  return { bucket: text.slice(0, slash), key: text.slice(slash + 1) };
}

function nameOf({ bucket, key }: ObjectName): string {
  return `${bucket}/${key}`;
}

/** Takes the index in its order, in which all names with one beginning are adjacent. */
class PageBuilder {
  readonly #request: PageRequest;
  readonly #from: ObjectName;
  /** The folder at which the page before ended. */
  readonly #skipped: string | undefined;
  readonly #folders: Folder[] = [];
  readonly #objects: IndexLine[] = [];
  /** The last folder, while its objects may go on. */
  #open: Folder | undefined;
  #last: string | undefined;
  #chunks = 0;
  #next: string | null = null;

  constructor(request: PageRequest) {
    const { prefix, after } = request;
    this.#request = request;
    const { bucket, key = '' } = splitName(after ?? prefix);
    this.#from = { bucket, key };
    this.#skipped = after === undefined ? undefined : this.#folderOf(after);
  }

  get isFull(): boolean {
    return this.#next !== null;
  }

  get page(): Omit<Page, 'total'> {
    return { folders: this.#folders, objects: this.#objects, next: this.#next };
  }

  /** What a chunk is for: nothing, as none of those behind it; its counts alone; or its lines. */
  useOf({ first, last }: ChunkReference): 'none' | 'end' | 'count' | 'read' {
    if (compareObjects(last, this.#from) < 0) return 'none';
    if (compareObjects(first, this.#from) > 0 && !this.#isIn(first)) return 'end';
    const folder = this.#folderOf(nameOf(first));
    if (folder === undefined || folder !== this.#folderOf(nameOf(last))) return 'read';
    return folder === this.#skipped ? 'none' : 'count';
  }

  addWhole({ first, objects, bytes }: ChunkReference): void {
    this.#add(this.#folderOf(nameOf(first)) ?? '', { objects, bytes });
  }

  addLines(lines: readonly IndexLine[]): void {
    this.#chunks += 1;
    const { after } = this.#request;
    for (const line of lines) {
      const order = compareObjects(line, this.#from);
      if (order < 0 || (order === 0 && after !== undefined) || !this.#isIn(line)) continue;
      const folder = this.#folderOf(nameOf(line));
      if (folder !== undefined && folder === this.#skipped) continue;
      if (folder !== undefined) this.#add(folder, { objects: 1, bytes: line.size });
      else if (this.#hasRoom()) {
        this.#open = undefined;
        this.#last = nameOf(line);
        this.#objects.push(line);
      }
      if (this.isFull) return;
    }
  }

  #add(prefix: string, { objects, bytes }: Pick<Folder, 'objects' | 'bytes'>): void {
    if (this.#open?.prefix !== prefix) {
      if (!this.#hasRoom()) return;
      this.#open = { prefix, objects: 0, bytes: 0 };
      this.#last = prefix;
      this.#folders.push(this.#open);
    }
    this.#open.objects += objects;
    this.#open.bytes += bytes;
  }

  /** Ends the page where there is no room for another entry. */
  #hasRoom(): boolean {
    const count = this.#folders.length + this.#objects.length;
    const isLong = count > 0 && this.#chunks > MOST_CHUNKS;
    if (count < this.#request.limit && !isLong) return true;
    this.#next = this.#last ?? null;
    return false;
  }

  #isIn(name: ObjectName): boolean {
    return nameOf(name).startsWith(this.#request.prefix);
  }

  #folderOf(name: string): string | undefined {
    const { prefix, asFolders } = this.#request;
    if (!asFolders || !name.startsWith(prefix)) return undefined;
    const slash = name.indexOf('/', prefix.length);
    return slash === -1 ? undefined : name.slice(0, slash + 1);
  }
}
