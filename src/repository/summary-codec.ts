import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { LARGEST_SUMMARY_BYTES } from '../archive/limits.js';
import { partOf } from './names.js';
import { hasRightDigest, textOfSummary } from './summary-bytes.js';
import { type DecodedSummary, SUMMARY_VERSION, type Summary, summarySchema } from './summary.js';

const TOO_LARGE = { kind: 'damaged', reason: 'the summary is too large' } as const;

/** Encodes a summary as indented JSON whose last field is the SHA-256 of the rest. */
export function encodeSummary(summary: Summary): string {
  const text = JSON.stringify(summary, null, 2);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return `${JSON.stringify({ ...summary, digest: sha256 }, null, 2)}\n`;
}

/**
 * Decodes and checks a summary. Any changed byte makes it damaged, even white space. Every version
 * computes the digest in this way, so a flipped digit is not taken for a newer version.
 */
export function decodeSummary(bytes: Buffer): DecodedSummary {
  if (bytes.length > LARGEST_SUMMARY_BYTES) return TOO_LARGE;
  const isRight = hasRightDigest(bytes);
  const read = textOfSummary(bytes);
  if (read === undefined) return TOO_LARGE;
  let json: unknown;
  try {
    json = JSON.parse(read.text);
  } catch {
    return { kind: 'damaged', reason: 'the summary is not JSON' };
  }
  if (typeof json !== 'object' || json === null) {
    return { kind: 'damaged', reason: 'the summary is not a JSON object' };
  }
  if (!isRight) return { kind: 'damaged', reason: 'the digest of the summary is wrong' };
  const rest = json as Record<string, unknown>;
  const version = rest.format;
  if (typeof version === 'number' && Number.isInteger(version) && version > SUMMARY_VERSION) {
    return { kind: 'newer', version };
  }
  const parsed = v.safeParse(summarySchema, rest);
  if (parsed.success) {
    const summary = parsed.output;
    const unrecorded = archiveWithoutRecord(summary);
    if (unrecorded !== undefined) {
      return { kind: 'damaged', reason: `it is encrypted, but has no record of ${unrecorded}` };
    }
    const unknown = partWithoutRecord(summary);
    if (unknown !== undefined)
      return { kind: 'damaged', reason: `it has no record of ${unknown}, or more than one` };
    summary.failures_omitted += read.omitted;
    return { kind: 'valid', summary };
  }
  const where = v.getDotPath(parsed.issues[0]) ?? '';
  return { kind: 'damaged', reason: `the field ${where} of the summary is not valid` };
}

/**
 * Returns an archive that an encrypted backup needs and of which its summary has no record. It would be
 * opened as a plain one, which anybody can forge.
 */
function archiveWithoutRecord({ id, references, encryption }: Summary): string | undefined {
  if (encryption === undefined) return undefined;
  return [id, ...references].find((needed) => !Object.hasOwn(encryption.archives, needed));
}

/** Returns a part that the backup needs and of which its summary does not say what it is, or says it twice. */
function partWithoutRecord({ references, parts = [] }: Summary): string | undefined {
  const known = new Set<string>();
  for (const { id } of parts) {
    if (known.has(id)) return id;
    known.add(id);
  }
  return references.find((id) => partOf(id) !== undefined && !known.has(id));
}
