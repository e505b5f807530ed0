import { isMangamotionError, MangamotionError } from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';
import type { Artifact, JobArtifacts } from '../../../reports/jobs/artifacts.js';

/** A preview has some 10 kB. */
const MOST_BYTES = 8 * 1024 * 1024;

export interface Thumbnail {
  drawing: string | undefined;
  /** Why there is none, for people. */
  problem: string | undefined;
}

/** The preview of a job as text. Throws `usage` where the answer is not for people. */
export async function drawThumbnail(
  context: CommandContext,
  { looked, found }: JobArtifacts,
): Promise<Thumbnail> {
  const canvas = context.output.canvas();
  if (canvas === undefined) {
    throw new MangamotionError('usage', '--thumbnail and --json cannot be combined', {
      hint: 'omit one of them',
    });
  }
  const preview = found.find(({ kind }) => kind === 'preview');
  if (preview === undefined) {
    const why = looked ? 'there is none' : 'the object store was not queried';
    return { drawing: undefined, problem: `cannot draw a preview: ${why}` };
  }
  try {
    const jpeg = await read(context, preview);
    const { drawPicture } = await import('../../output/picture.js');
    return { drawing: await drawPicture(jpeg, canvas), problem: undefined };
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    const name = `${preview.bucket}/${preview.key}`;
    return { drawing: undefined, problem: `cannot draw the preview ${name}: ${error.message}` };
  }
}

async function read(context: CommandContext, { bucket, key }: Artifact): Promise<Buffer> {
  const store = await context.openStore();
  const options = { maxBytes: MOST_BYTES, signal: context.signal };
  const { content } = await store.readObject(bucket, key, options);
  if (content !== undefined) return content;
  throw new MangamotionError('damaged', 'it is too large for a preview');
}
