import { createHash } from 'node:crypto';

/** Of the id; with what is added to it a name stays far below the 255 bytes of file systems. */
const MOST_ID_LENGTH = 80;

const VIDEO_ENDINGS = ['.mp4', '.webm', '.mov', '.mkv'];

/**
 * The name of the file that the result of a job is kept in: `4711-result.zip`, `4711-video.mp4`. A
 * job id is hostile text. Of one that is no plain word the name is made of what is plain in it and a
 * digest, so that it never leaves its folder, is never hidden or taken for an option, and no two ids
 * have one name.
 */
export function localName(jobId: string, key: string): string {
  const [ending = ''] = /\.[A-Za-z0-9]{1,8}$/.exec(key) ?? [];
  const what = VIDEO_ENDINGS.includes(ending.toLowerCase()) ? 'video' : 'result';
  return `${safeWord(jobId)}-${what}${ending}`;
}

function safeWord(jobId: string): string {
  const isPlain = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(jobId) && jobId.length <= MOST_ID_LENGTH;
  if (isPlain) return jobId;
  const plain = jobId.slice(0, MOST_ID_LENGTH).replace(/[^A-Za-z0-9._-]|^[.-]/g, '_');
  // No plain word has the tilde, so that no other id has this name.
  return `${plain === '' ? '_' : plain}~${createHash('sha256').update(jobId).digest('hex').slice(0, 12)}`;
}
