import type { OpenObject } from '../backup/read-object.js';
import { attachment, safeType } from './file-names.js';
import { streamOf, type StreamEnds } from './stream.js';

interface ObjectAnswerParts extends StreamEnds {
  isHead: boolean;
}

/** Answers with the bytes of an object. Damage that shows in the first piece is an error document; later it cuts the connection. */
export async function objectAnswer(
  { line, pieces }: OpenObject,
  { isHead, ...ends }: ObjectAnswerParts,
): Promise<Response> {
  const { value: first = Buffer.alloc(0), done } = await pieces.next();
  const headers = {
    'content-type': safeType(first),
    'content-length': String(line.size),
    'content-disposition': attachment(line.key),
    'cache-control': 'no-store',
    'x-content-sha256': line.sha256,
  };
  if (isHead || done === true) {
    await pieces.return(undefined);
    ends.onEnd();
    return new Response(isHead ? null : new Uint8Array(0), { headers });
  }
  const body = streamOf(first, pieces, ends);
  return new Response(body, { headers });
}
