import { createHash } from 'node:crypto';
import { LARGEST_SUMMARY_TEXT_BYTES, isTooDense } from '../archive/limits.js';

/**
 * Checks and cuts a summary before it is parsed as JSON. Relies on the layout of `encodeSummary`:
 * one line for each field. Pure.
 */

/** The most failures that are kept; further ones are only counted. */
const MAX_FAILURES = 10_000;

/** A summary up to this size is never cut. */
const WHOLE_BYTES = 16 * 1024 * 1024;

const DIGEST = /^,\n {2}"digest": "([0-9a-f]{64})"\n\}\n$/;
const DIGEST_BYTES = ',\n  "digest": ""\n}\n'.length + 64;

/** Whether the last field is the SHA-256 of the summary without that field. */
export function hasRightDigest(bytes: Buffer): boolean {
  const end = bytes.length - DIGEST_BYTES;
  if (end < 0) return false;
  const digest = DIGEST.exec(bytes.toString('latin1', end))?.[1];
  const hash = createHash('sha256').update(bytes.subarray(0, end)).update('\n}');
  return digest === hash.digest('hex');
}

const LIST_BEGINS = Buffer.from('\n  "failures": [\n');
const LIST_ENDS = Buffer.from('\n  ]');
const FAILURE_ENDS = Buffer.from('\n    },');

export interface SummaryText {
  text: string;
  omitted: number;
}

/**
 * Returns the JSON of a summary. Old summaries name every failure, perhaps in hundreds of
 * megabytes: only the first 10,000 are kept. `undefined` if the rest is larger than any valid one.
 */
export function textOfSummary(bytes: Buffer): SummaryText | undefined {
  const { parts, omitted } =
    bytes.length <= WHOLE_BYTES ? { parts: [bytes], omitted: 0 } : withFirstFailures(bytes);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > LARGEST_SUMMARY_TEXT_BYTES || parts.some(isTooDense)) return undefined;
  return { text: parts.map((part) => part.toString('utf8')).join(''), omitted };
}

/** JSON strings contain no line ends, so lines show the structure. */
function withFirstFailures(bytes: Buffer): { parts: Buffer[]; omitted: number } {
  const begin = bytes.indexOf(LIST_BEGINS);
  const end = begin < 0 ? -1 : bytes.indexOf(LIST_ENDS, begin + LIST_BEGINS.length);
  let named = 0;
  let cut = end;
  let at = end < 0 ? -1 : bytes.indexOf(FAILURE_ENDS, begin);
  for (; at >= 0 && at < end; at = bytes.indexOf(FAILURE_ENDS, at + 1)) {
    named += 1;
    if (named === MAX_FAILURES) cut = at + FAILURE_ENDS.length - 1;
  }
  if (cut === end) return { parts: [bytes], omitted: 0 };
  // The last failure has no comma, so it was not counted.
  const omitted = named + 1 - MAX_FAILURES;
  return { parts: [bytes.subarray(0, cut), bytes.subarray(end)], omitted };
}
