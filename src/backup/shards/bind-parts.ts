import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { IndexCheck } from '../../archive/index-check.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { Destination } from '../../repository/destination.js';
import { objectsIn } from '../../repository/summary.js';
import { openWithFailures } from '../../repository/whole-summary.js';
import { isWithin } from '../../ranges/key-range.js';
import type { MergedFindings } from './merge-findings.js';
import type { FoundPart } from './part-list.js';

interface Binding {
  destination: Destination;
  writer: ArchiveWriter;
  findings: MergedFindings;
  signal: AbortSignal;
}

/** A part that does not hold what its manifest says. */
export class PartUnusable extends MangamotionError {
  constructor(part: string, { message, hint }: MangamotionError) {
    super('damaged', `${part}: ${message}`, { hint });
  }
}

/**
 * Records all objects of a part in the archive of the head, by reference to the chunks of its index. Call
 * it in the order of ranges. Rejects with `PartUnusable`; the archive then cannot be finished.
 */
export async function bindPart(
  { destination, writer, findings, signal }: Binding,
  { id, range, entry }: FoundPart,
): Promise<void> {
  try {
    const open = await openWithFailures({ destination, backup: entry });
    try {
      const { directory, archives, summary } = open;
      if (directory.objects !== objectsIn(summary) || directory.bytes !== summary.bytes) {
        throw damaged('its directory and its manifest have different counts');
      }
      const check = new IndexCheck(directory);
      for (const chunk of directory.chunks) {
        signal.throwIfAborted();
        const archive = await archives.of(chunk.archive);
        const lines = await archive.readChunk(chunk);
        check.add(lines);
        for (const line of lines) {
          archives.checkNamed(line.archive);
          if (line.bucket !== range.bucket || !isWithin(range, line.key)) {
            throw damaged('its index has an object outside its range');
          }
        }
        await writer.refer(chunk, lines);
      }
      for (const { name } of directory.buckets) check.checkWhole(name);
      findings.add(summary);
    } finally {
      await open.archives.close();
    }
  } catch (error) {
    if (!isMangamotionError(error, 'damaged', 'not_found', 'access_denied')) throw error;
    if (error.request !== undefined && error.code === 'access_denied') throw error;
    throw new PartUnusable(id, error);
  }
}

function damaged(message: string): MangamotionError {
  return new MangamotionError('damaged', message);
}
