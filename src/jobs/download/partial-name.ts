import { createHash } from 'node:crypto';
import { describeOwner, isKnownDead, processExists } from '../../lock/owner.js';

/**
 * The name of a partial download, which is beside the file that it becomes: `.NAME.VERSION.WRITER.partial`
 * while a process writes it, and `.NAME.VERSION.partial` after that process gave it up. The version
 * identifies one object with one ETag, so that bytes of two versions are never in one file. Only its writer
 * writes to a file. A process that continues the download of another one renames the file first, so that
 * only one process gets it.
 */
export interface PartialName {
  version: string;
  /** `undefined` where no process writes it any more. */
  writer: string | undefined;
}

type Owner = Awaited<ReturnType<typeof describeOwner>>;

/** File systems accept 255 bytes; the other parts of the name have at most a hundred. */
const MOST_STEM_BYTES = 140;

export function partialName(name: string, { version, writer }: PartialName): string {
  return `.${stemOf(name)}.${version}.${writer === undefined ? '' : `${writer}.`}partial`;
}

/** Returns `undefined` for a file that is not a partial download of this name. */
export function parsePartialName(name: string, file: string): PartialName | undefined {
  const prefix = `.${stemOf(name)}.`;
  if (!file.startsWith(prefix)) return undefined;
  const match = /^([0-9a-f]{16})\.(?:(\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8})\.)?partial$/.exec(
    file.slice(prefix.length),
  );
  return match === null ? undefined : { version: match[1] ?? '', writer: match[2] };
}

/** Returns an identifier of one version of an object. */
export function versionTag(place: { bucket: string; key: string }, etag: string): string {
  return digest(JSON.stringify([place.bucket, place.key, etag])).slice(0, 16);
}

/** Identifies this process by its id, its start, its machine and the run of that machine. */
export async function thisWriter(): Promise<string> {
  return writerOf(await describeOwner('jobs download'));
}

/** Resolves to the state of a writer; `foreign` if it ran on another machine. */
export async function stateOfWriter(writer: string): Promise<'alive' | 'dead' | 'foreign'> {
  const ours = await describeOwner('jobs download');
  const [pid = '', startTicks = '', host, run] = writer.split('-');
  const [, , ourHost, ourRun] = writerOf(ours).split('-');
  if (host !== ourHost) return 'foreign';
  // The writer ended with that run of the machine or container.
  if (run !== ourRun) return 'dead';
  if (ours.process === null) return processExists(Number(pid)) ? 'alive' : 'dead';
  const its = { ...ours, pid: Number(pid), process: { ...ours.process, startTicks } };
  return (await isKnownDead(its, ours)) ? 'dead' : 'alive';
}

function writerOf({ pid, host, process: identity }: Owner): string {
  const run = identity === null ? '' : identity.bootId + identity.namespaces;
  const short = (text: string) => digest(text).slice(0, 8);
  return `${pid}-${identity?.startTicks ?? '0'}-${short(host)}-${short(run)}`;
}

function stemOf(name: string): string {
  return Buffer.byteLength(name) <= MOST_STEM_BYTES ? name : digest(name).slice(0, 32);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
