import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, translateFileError } from '../files/errors.js';
import { PARTIAL_SUFFIX } from '../files/sync.js';
import {
  type ChooseClaims,
  CLAIMS_FOLDER,
  CLAIM_SUFFIX,
  LARGEST_CLAIM_BYTES,
  type ClaimStore,
  type StoredClaim,
} from './claim.js';

/** Others may remove the folder right after it was created, but not this often in a row. */
const ATTEMPTS_TO_PUT = 200;

/** The suffix of a claim that has never been put. Its run does not rely on it yet. */
const NEW_SUFFIX = '.new';
/** A run that was killed while it put its first claim leaves a file. It is removed at this age. */
const FORGOTTEN_AFTER_MS = 120_000;

/**
 * Claims as files, in a folder of the destination that exists while there are claims. A new claim
 * becomes visible when it is complete, so a run that is killed meanwhile blocks nobody. Where only
 * the unfinished replacement of a claim is found, it is a claim without content.
 */
export class FolderClaims implements ClaimStore {
  readonly location: string;
  readonly #folder: string;

  constructor(destination: string, folder = CLAIMS_FOLDER) {
    this.location = destination;
    this.#folder = join(destination, folder);
  }

  async put(name: string, content: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (let attempt = 1; ; attempt++) {
      // Outside the try: if the destination is missing, another attempt is pointless.
      await this.#makeFolder();
      const suffix = (await this.#exists(name)) ? PARTIAL_SUFFIX : NEW_SUFFIX;
      try {
        await writeFile(this.#path(name, suffix), content, { mode: 0o600 });
        await rename(this.#path(name, suffix), this.#path(name));
        return;
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' && attempt < ATTEMPTS_TO_PUT) continue;
        throw translateFileError(error, 'write into', this.#folder);
      }
    }
  }

  /**
   * Lists twice: POSIX allows a listing to omit a file that is replaced meanwhile (by a heartbeat),
   * and some user-space file systems cannot open it at that moment.
   */
  async list(
    signal?: AbortSignal,
    choose: ChooseClaims = (names) => names,
  ): Promise<StoredClaim[]> {
    const found = new Map<string, StoredClaim>();
    for (let pass = 0; pass < 2; pass++) {
      signal?.throwIfAborted();
      for (const name of choose([...(await this.#names())].sort())) {
        const claim = await this.#read(name);
        if (claim !== undefined) found.set(name, claim);
      }
    }
    return [...found.values()];
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (const suffix of [NEW_SUFFIX, PARTIAL_SUFFIX, '']) {
      const path = this.#path(name, suffix);
      try {
        await unlink(path);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'remove', path);
      }
    }
    await this.#removeForgotten();
    // Removes the folder if it is empty; a run that needs it creates it again. If it stays, others
    // have claims, or it is not ours.
    await rmdir(this.#folder).catch(() => undefined);
  }

  async #makeFolder(): Promise<void> {
    try {
      await mkdir(this.#folder);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw translateFileError(error, 'write into', this.location);
    }
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await stat(this.#path(name));
      return true;
    } catch (error) {
      if (isGone(errnoOf(error))) return false;
      throw translateFileError(error, 'read', this.#path(name));
    }
  }

  /** Does what it can. A run that still needs such a file writes it again. */
  async #removeForgotten(): Promise<void> {
    const files = await readdir(this.#folder).catch(() => []);
    for (const file of files.filter((one) => one.endsWith(CLAIM_SUFFIX + NEW_SUFFIX))) {
      const path = join(this.#folder, file);
      const modifiedAtMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity;
      if (Date.now() - modifiedAtMs > FORGOTTEN_AFTER_MS) await unlink(path).catch(() => undefined);
    }
  }

  async #names(): Promise<Set<string>> {
    try {
      const files = await readdir(this.#folder);
      const names = files.map((file) => /^(.+)\.json(?:\.partial)?$/s.exec(file)?.[1]);
      return new Set(names.filter((name) => name !== undefined));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return new Set();
      throw translateFileError(error, 'list', this.#folder);
    }
  }

  async #read(name: string): Promise<StoredClaim | undefined> {
    const path = this.#path(name);
    try {
      return { name, ...(await readClaim(path)) };
    } catch (error) {
      const code = errnoOf(error);
      if (isGone(code)) return await this.#withoutContent(name, this.#path(name, PARTIAL_SUFFIX));
      // The claim belongs to another user.
      const isClosedToUs = code === 'EACCES' || code === 'EPERM';
      if (isClosedToUs) return await this.#withoutContent(name, path);
      throw translateFileError(error, 'read', path);
    }
  }

  async #withoutContent(name: string, path: string): Promise<StoredClaim | undefined> {
    try {
      return { name, content: undefined, modifiedAtMs: (await stat(path)).mtimeMs };
    } catch (error) {
      if (isGone(errnoOf(error))) return undefined;
      throw translateFileError(error, 'read', path);
    }
  }

  #path(name: string, suffix = ''): string {
    return join(this.#folder, name + CLAIM_SUFFIX + suffix);
  }
}

/** NFS reports ESTALE for a file that was replaced while it was open. */
function isGone(code: string | undefined): boolean {
  return code === 'ENOENT' || code === 'ESTALE';
}

/** Reads content and time of the same file, even if it is replaced meanwhile. */
async function readClaim(path: string): Promise<Omit<StoredClaim, 'name'>> {
  // O_NONBLOCK: opening a pipe without a writer must not block. It is a claim without content.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    const isClaim = stat.isFile() && stat.size <= LARGEST_CLAIM_BYTES;
    const content = isClaim ? await file.readFile('utf8') : undefined;
    return { content, modifiedAtMs: stat.mtimeMs };
  } finally {
    await file.close();
  }
}
