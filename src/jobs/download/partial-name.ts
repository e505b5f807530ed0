import { createHash } from 'node:crypto';
import { describeOwner, isKnownDead } from '../../lock/owner.js';
import { errnoOf } from '../../files/errors.js';

/**
 * The names of downloads that are under way or were broken off, beside the file that they become:
 * `.NAME.VERSION.partial`, and with who writes it `.NAME.VERSION.WRITER.partial`. The version stands
 * for one object with one ETag: bytes of two versions never come together in a file. Only its writer
 * writes a file, and whoever takes up another's renames it first, so that one of many gets it.
 */
export interface PartialName {
  version: string;
  /** `undefined` where nobody writes it any more. */
  writer: string | undefined;
}

type Owner = Awaited<ReturnType<typeof describeOwner>>;

/** File systems take 255 bytes; what is around the name has at most a hundred. */
const MOST_STEM_BYTES = 140;

export function partialName(name: string, { version, writer }: PartialName): string {
  return `.${stemOf(name)}.${version}.${writer === undefined ? '' : `${writer}.`}partial`;
}

/** `undefined` for any file that is not a partial download of this name. */
export function parsePartialName(name: string, file: string): PartialName | undefined {
  const prefix = `.${stemOf(name)}.`;
  if (!file.startsWith(prefix)) return undefined;
  const match = /^([0-9a-f]{16})\.(?:(\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8})\.)?partial$/.exec(
    file.slice(prefix.length),
  );
  return match === null ? undefined : { version: match[1] ?? '', writer: match[2] };
}

/** Stands for one version of an object. */
export function versionTag(place: { bucket: string; key: string }, etag: string): string {
  return digest(JSON.stringify([place.bucket, place.key, etag])).slice(0, 16);
}

/** Names this process: its id, when it started, its machine, and the run of that machine. */
export async function thisWriter(): Promise<string> {
  return writerOf(await describeOwner('jobs download'));
}

/**
 * What became of the writer of a file: `foreign` where it ran on another machine, which cannot be
 * asked.
 */
export async function stateOfWriter(writer: string): Promise<'alive' | 'dead' | 'foreign'> {
  const ours = await describeOwner('jobs download');
  const [pid = '', startTicks = '', host, run] = writer.split('-');
  const [, , ourHost, ourRun] = writerOf(ours).split('-');
  if (host !== ourHost) return 'foreign';
  // It ended with the run of the machine, or of the container.
  if (run !== ourRun) return 'dead';
  if (ours.process === null) return exists(Number(pid)) ? 'alive' : 'dead';
  const its = { ...ours, pid: Number(pid), process: { ...ours.process, startTicks } };
  return (await isKnownDead(its, ours)) ? 'dead' : 'alive';
}

function writerOf({ pid, host, process: identity }: Owner): string {
  const run = identity === null ? '' : identity.bootId + identity.namespaces;
  const short = (text: string) => digest(text).slice(0, 8);
  return `${pid}-${identity?.startTicks ?? '0'}-${short(host)}-${short(run)}`;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

function stemOf(name: string): string {
  return Buffer.byteLength(name) <= MOST_STEM_BYTES ? name : digest(name).slice(0, 32);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
