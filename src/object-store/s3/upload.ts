import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { MangamotionError } from '../../errors.js';
import type { ObjectContent } from '../port.js';
import type { RequestBody } from './s3-client.js';

/**
 * The body of a PUT. S3 commits an object once its last byte has arrived, so the last chunk is held
 * back until the content has proved to match its announced length and digest.
 */
export interface Upload {
  body: RequestBody;
  /** Returns the content's own error, which takes precedence over the connection's. */
  failure: () => unknown;
}

/** Contents up to this size are read before they are sent, which avoids a stream. */
const IN_ONE_WRITE_BYTES = 1024 * 1024;

export async function openUpload(content: ObjectContent): Promise<Upload> {
  return content.sizeBytes <= IN_ONE_WRITE_BYTES ? collected(content) : streamed(content);
}

async function collected(content: ObjectContent): Promise<Upload> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checked(content)) chunks.push(chunk);
  const { sha256, sizeBytes } = content;
  return { body: { sha256, sizeBytes, open: () => chunks }, failure: () => undefined };
}

function streamed(content: ObjectContent): Upload {
  let failure: unknown;
  let proceed = (): void => undefined;
  const open = (): Readable => {
    const wanted = new Promise<void>((resolve) => (proceed = resolve));
    const source = async function* (): AsyncGenerator<Buffer> {
      let isHandingOn = false;
      try {
        await wanted;
        for await (const chunk of checked(content)) {
          isHandingOn = true;
          yield asBuffer(chunk);
          isHandingOn = false;
        }
      } catch (error) {
        // An aborted request throws at the yield; that is not a failure of the content.
        if (!isHandingOn) failure = error;
        throw error;
      }
    };
    return Readable.from(source(), { objectMode: false });
  };
  const { sha256, sizeBytes } = content;
  const body = { sha256, sizeBytes, open, onContinue: () => proceed() };
  return { body, failure: () => failure };
}

/** Yields the chunks, but the last one only if length and SHA-256 are right. */
async function* checked(content: ObjectContent): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of content.open()) {
    if (chunk.length === 0) continue;
    sizeBytes += chunk.length;
    if (sizeBytes > content.sizeBytes) break;
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (sizeBytes !== content.sizeBytes) {
    const more = sizeBytes > content.sizeBytes ? 'or more' : '';
    throw damaged(`${sizeBytes} ${more}`.trim() + ` bytes instead of ${content.sizeBytes}`);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== content.sha256) throw damaged(`SHA-256 ${sha256} instead of ${content.sha256}`);
  if (held !== undefined) yield held;
}

function damaged(what: string): MangamotionError {
  return new MangamotionError('damaged', `the content does not match its announcement: ${what}`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
