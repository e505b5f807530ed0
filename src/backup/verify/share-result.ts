import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Summary } from '../../repository/summary.js';
import type { Share } from '../../workers/sharer.js';
import { longestAnswerBytes } from '../../workers/work.js';
import type { VerifyResult } from './result.js';

/** What a worker tells the head of a verify about a share: text that anybody may have written. Pure. */

/** For what stands beside the problems, in bytes. */
const REST_BYTES = 2_000;
const LONGEST_TEXT = 1_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(LONGEST_TEXT));

const shareResult = v.pipe(
  v.object({
    format: v.literal(1),
    id: text,
    /** See `digestOf`; empty if the backup could not be read at all. */
    digest: text,
    share: count,
    shares: count,
    status: v.picklist(['ok', 'damaged', 'incomplete']),
    /** Whether the worker lacked a key for the contents, and compared digests of whole files instead. */
    closed: v.boolean(),
    objects: count,
    bytes: count,
    problems: v.array(
      v.object({
        kind: v.string(),
        message: v.string(),
        bucket: v.optional(v.string()),
        key: v.optional(v.string()),
      }),
    ),
    problems_omitted: count,
  }),
  v.check(
    ({ status, problems, problems_omitted: omitted }) =>
      (status === 'ok') === (problems.length + omitted === 0),
    'its status is not that of its problems',
  ),
);

export type ShareResult = v.InferOutput<typeof shareResult>;

/**
 * Returns a digest of all that a summary says of what is read. Two hosts on which it is the same cut the
 * backup alike, and compare it with the same digests.
 */
function digestOf(summary: Summary): string {
  const { id, archive, archive_bytes: bytes, references, parts = [], encryption } = summary;
  const told = [id, archive, bytes, references, parts, encryption?.archives ?? {}, summary.objects];
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}

/** Returns the text of a result. Problems for which there is no room are only counted. */
export function encodeShareResult(
  result: VerifyResult,
  { index: share, of: shares }: Share,
  summary: Summary | undefined,
): string {
  const { id, status, objects, bytes, problems } = result;
  const told: ShareResult = {
    ...{ format: 1, id, digest: summary === undefined ? '' : digestOf(summary), share, shares },
    ...{ status, closed: result.not_opened !== undefined, objects, bytes },
    ...{ problems: [], problems_omitted: result.problems_omitted },
  };
  let room = longestAnswerBytes({ of: shares }) - REST_BYTES;
  for (const { kind, message, bucket, key } of problems) {
    const problem = {
      ...{ kind, message },
      ...(bucket === undefined ? {} : { bucket }),
      ...(key === undefined ? {} : { key }),
    };
    room -= Buffer.byteLength(JSON.stringify(problem)) + 1;
    if (room >= 0) told.problems.push(problem);
    else told.problems_omitted += 1;
  }
  return JSON.stringify(told);
}

/** Reads the result of a share. Throws a SyntaxError for anything but a result of that share of that backup. */
export function decodeShareResult(
  json: string,
  { index, of }: Share,
  { summary, isClosed }: { summary: Summary; isClosed: boolean },
): ShareResult {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), shareResult), json);
  if (!read.success) {
    const where = v.getDotPath(read.issues[0]) ?? 'it';
    throw new SyntaxError(`the answer of the worker cannot be read: ${where} is wrong`);
  }
  const { id, digest, share, shares, closed, problems } = read.output;
  if (share !== index || shares !== of) {
    throw new SyntaxError(`the worker answered for share ${share} of ${shares}`);
  }
  if (digest === '') {
    throw new SyntaxError(`the worker cannot read the backup: ${problems[0]?.message ?? ''}`);
  }
  if (id !== summary.id || digest !== digestOf(summary)) {
    throw new SyntaxError(`the worker has read another backup than ${summary.id}, or a copy of it`);
  }
  if (closed === isClosed) return read.output;
  throw new SyntaxError(
    closed
      ? 'the worker has no key that opens the backup'
      : 'the worker has read the backup with a key, and this host has none',
  );
}
