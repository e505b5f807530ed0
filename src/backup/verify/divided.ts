import { shardsFor } from '../../ranges/cut-index.js';
import { objectsIn } from '../../repository/summary.js';
import { type VerifyContext, readBulk } from './bulk.js';
import { checkIndexAsWhole } from './index-whole.js';
import { type ClosedBackup, type OpenBackup, reportClosed } from './look.js';
import { checkOnce } from './once.js';
import { type VerifyResult, addProblem } from './result.js';
import { type Bulk, cutBulk, joinBulks, piecesIn, spread } from './shares.js';
import { type StoredFile, storedFiles, verifyStored } from './stored.js';

/** A backup that is read in shares. What is found goes into the result that it was opened with. */
export interface Divided {
  /** The number of pieces in each share: of archives and index chunks, or of files. */
  pieces: readonly number[];
  /** Checks what exists once, and belongs to the first share. */
  checkOnce(): Promise<void>;
  /** Reads these shares, which count from 1. */
  read(shares: readonly number[]): Promise<void>;
  /** Call it at the end. `isAll`: the result is that of all shares. */
  end(isAll: boolean): void;
}

/** Divides a backup into so many shares; `undefined`: into as many as its size is worth. */
export async function divide(
  context: VerifyContext,
  backup: OpenBackup | ClosedBackup,
  result: VerifyResult,
  shares: number | undefined,
): Promise<Divided> {
  return backup.kind === 'open'
    ? divideOpen(context, backup, result, shares)
    : await divideClosed(context, backup, result, shares);
}

function divideOpen(
  context: VerifyContext,
  backup: OpenBackup,
  result: VerifyResult,
  wanted: number | undefined,
): Divided {
  const { summary, directory } = backup;
  const cut = cutBulk(summary, directory, wanted ?? shardsFor(directory.chunks));
  return {
    pieces: cut.map(piecesIn),
    checkOnce: async () => {
      await checkOnce(backup, result, context);
      await checkIndexAsWhole(backup, result, context);
    },
    read: async (indexes) => {
      const bulks = indexes.flatMap((index): Bulk[] => cut.slice(index - 1, index));
      await readBulk(context, backup, result, {
        bulk: joinBulks(bulks, directory),
        isWhole: false,
      });
    },
    end: (isAll) => {
      if (isAll) compareCounts(result, directory, result);
    },
  };
}

/** Compares the final counts, in case objects were missed although no fault was found. */
export function compareCounts(
  checked: Pick<VerifyResult, 'objects' | 'bytes'>,
  directory: Pick<VerifyResult, 'objects' | 'bytes'>,
  result: VerifyResult,
): void {
  if (result.status !== 'ok') return;
  for (const what of ['objects', 'bytes'] as const) {
    if (checked[what] === directory[what]) continue;
    addProblem(result, 'directory', `checked ${checked[what]} of ${directory[what]} ${what}`);
  }
}

async function divideClosed(
  context: VerifyContext,
  backup: ClosedBackup,
  result: VerifyResult,
  wanted: number | undefined,
): Promise<Divided> {
  const { destination, summary } = backup;
  result.not_opened = backup.error.message;
  const checking = { ...context, destination, result };
  const files = await storedFiles(checking, summary);
  const shares = wanted ?? Math.max(1, files.length);
  const { places } = spread(
    files.map(({ bytes }) => bytes),
    shares,
  );
  const cut: StoredFile[][] = Array.from({ length: shares }, () => []);
  for (const [at, file] of files.entries()) cut[places[at] ?? 0]?.push(file);
  return {
    pieces: cut.map(({ length }) => length),
    checkOnce: () => {
      result.objects = objectsIn(summary);
      result.bytes = summary.bytes;
      return Promise.resolve();
    },
    read: async (indexes) => {
      const taken = new Set(indexes.flatMap((index) => cut[index - 1] ?? []));
      await verifyStored(
        checking,
        files.filter((file) => taken.has(file)),
      );
    },
    end: () => {
      reportClosed(backup, result);
    },
  };
}
