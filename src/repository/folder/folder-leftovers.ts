import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosableSource } from '../../archive/sink.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { readTruncatedIndex } from '../../archive/truncated.js';
import { lstatIfThere, translateFileError } from '../../files/errors.js';
import { FileSource } from './file-source.js';
import type { Leftover, TruncatedArchive } from '../leftover.js';
import { openUnfinished } from '../encryption/open-encrypted.js';
import type { Vault } from '../encryption/vault.js';
import {
  ARCHIVE_SUFFIX,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  PLAN_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  partOf,
  planIdOf,
  reservedIdOf,
  splitIdOf,
} from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { openTruncatedPlain } from '../plain/plain-archive.js';
import { unfinishedRuns } from '../unfinished-runs.js';

/** The endings of files that are ours if they have a temporary summary, and no summary. */
const OWN_SUFFIXES = ['', ARCHIVE_SUFFIX, ENCRYPTED_SUFFIX, SIDECAR_SUFFIX, SIGNATURE_SUFFIX];

/**
 * Finds what interrupted runs left in a folder: everything under a temporary name, and archives
 * that have a temporary summary or the plan of a run, but no summary. An archive without is left alone:
 * backup-minio.sh made such archives, and people copy them. The parts of a run that has not ended are
 * left out: its workers do not hold the lock. Call it only while holding the lock: otherwise it may find
 * files of an active run.
 */
export async function findLeftovers(
  folder: string,
  vault: Vault,
  givenUp?: ReadonlySet<string>,
): Promise<Leftover[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw translateFileError(error, 'list', folder);
  });
  const there = new Set(names);
  const unfinished = unfinishedRuns(there, givenUp);
  const leftovers: Leftover[] = [];
  for (const name of names.sort()) {
    const divided = splitIdOf(withoutPartial(name));
    const id = reservedIdOf(name) ?? planIdOf(withoutPartial(name)) ?? divided;
    if (id === undefined || unfinished.has(partOf(id)?.backup ?? divided ?? '')) continue;
    const isPartial = name.endsWith(PARTIAL_SUFFIX);
    const isFile = OWN_SUFFIXES.some((suffix) => name === id + suffix);
    const summary = id + SUMMARY_SUFFIX;
    // The plan of a run, too, says that its archive is ours.
    const isOurs = there.has(summary + PARTIAL_SUFFIX) || there.has(id + PLAN_SUFFIX);
    const isUncommitted = isOurs && !there.has(summary);
    if (isPartial || (isFile && isUncommitted))
      leftovers.push({
        ...(await leftoverOf(folder, id, name, vault)),
        ...(partOf(id) !== undefined && there.has(summary) ? { isOfBackup: true } : {}),
      });
  }
  // The temporary summary marks an archive as ours, so it comes last.
  const isSummary = ({ path }: Leftover) => path.endsWith(SUMMARY_SUFFIX + PARTIAL_SUFFIX);
  return leftovers.sort((a, b) => Number(isSummary(a)) - Number(isSummary(b)));
}

function withoutPartial(name: string): string {
  return name.endsWith(PARTIAL_SUFFIX) ? name.slice(0, -PARTIAL_SUFFIX.length) : name;
}

async function leftoverOf(
  folder: string,
  id: string,
  name: string,
  vault: Vault,
): Promise<Leftover> {
  const path = join(folder, name);
  const stat = await lstat(path).catch((error: unknown) => {
    throw translateFileError(error, 'read', path);
  });
  const isEncrypted = name.startsWith(id + ENCRYPTED_SUFFIX);
  const isTar = !isEncrypted && name.startsWith(id + ARCHIVE_SUFFIX);
  return {
    id,
    path,
    sizeBytes: stat.size,
    open: async () => {
      if (stat.isFile() && isEncrypted) return await openTruncatedEncrypted(path, id, vault);
      // Whoever can write here could have put it here, and the new backup would sign it.
      if ((await vault.signingKey()) !== undefined) return undefined;
      if (stat.isDirectory()) return openTruncatedPlain(folder, id, name);
      if (!stat.isFile()) return undefined;
      return isTar ? openTruncatedTar(await FileSource.open(path)) : undefined;
    },
    remove: async () => {
      // A run that slept for longer than its lease may have ended meanwhile.
      const isPartial = name.endsWith(PARTIAL_SUFFIX);
      const summary = isPartial ? undefined : await lstatIfThere(join(folder, id + SUMMARY_SUFFIX));
      if (summary !== undefined) return;
      try {
        await rm(path, { recursive: true, force: true });
      } catch (error) {
        throw translateFileError(error, 'remove', path);
      }
      if (isEncrypted) await vault.draftKeys.remove(id);
    },
  };
}

/** Resolves to `undefined` if another host wrote it, or its key is gone. */
async function openTruncatedEncrypted(
  path: string,
  id: string,
  vault: Vault,
): Promise<TruncatedArchive | undefined> {
  const fileKey = await vault.draftKeys.get(id);
  if (fileKey === undefined) return undefined;
  const file = await FileSource.open(path);
  const source = await openUnfinished(file, fileKey);
  if (source !== undefined) return openTruncatedTar(source);
  await file.close();
  return undefined;
}

function openTruncatedTar(source: ClosableSource): TruncatedArchive {
  return { archive: new TarArchive(source), lines: () => readTruncatedIndex(source) };
}
