import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errnoOf } from '../files/errors.js';
import type { LockOwner } from './claim.js';

/** Describes this process. `command` is for people: `backup full`. */
export async function describeOwner(command: string): Promise<LockOwner> {
  return { host: hostname(), pid: process.pid, command, process: await identityOfThisProcess() };
}

export async function describeChild(pid: number, command: string): Promise<LockOwner> {
  const [identity, status] = await Promise.all([identityOfThisProcess(), statusOf(String(pid))]);
  const isKnown = identity !== null && status !== undefined;
  return {
    ...{ host: hostname(), pid, command },
    process: isKnown ? { ...identity, startTicks: status.startTicks } : null,
  };
}

export async function isKnownAlive(owner: LockOwner, observer: LockOwner): Promise<boolean> {
  const [its, ours] = [owner.process, observer.process];
  if (its === null || ours === null || owner.host !== observer.host) return false;
  const isHere = its.bootId === ours.bootId && its.namespaces === ours.namespaces;
  return isHere && !(await isKnownDead(owner, observer));
}

/**
 * Whether the owner is known to have ended: it ran on this kernel in the same namespaces, and no
 * such process exists any more. False if that is unknown.
 */
export async function isKnownDead(owner: LockOwner, observer: LockOwner): Promise<boolean> {
  const [its, ours] = [owner.process, observer.process];
  if (its === null || ours === null || owner.host !== observer.host) return false;
  if (its.bootId !== ours.bootId || its.namespaces !== ours.namespaces) return false;
  // /proc may hide other users' processes (hidepid), but a signal to one is refused, not lost.
  if (!processExists(owner.pid)) return true;
  const status = await statusOf(String(owner.pid));
  if (status === undefined) return false;
  return status.startTicks !== its.startTicks || status.hasEnded;
}

async function identityOfThisProcess(): Promise<LockOwner['process']> {
  try {
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const namespaces = await Promise.all(
      ['pid', 'time'].map((kind) => readlink(`/proc/self/ns/${kind}`).catch(withoutNamespace)),
    );
    const status = await statusOf('self');
    // A /proc of another namespace, such as the host's mounted into a container, has other ids.
    if (status?.pid !== process.pid) return null;
    return { bootId, namespaces: namespaces.join(' '), startTicks: status.startTicks };
  } catch {
    // This is not Linux, or /proc is not readable.
    return null;
  }
}

/** Kernels before 5.6 have no time namespaces. */
function withoutNamespace(error: unknown): string {
  if (errnoOf(error) === 'ENOENT') return '';
  throw error;
}

/** Whether a process with this id exists, even if it belongs to another user. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

interface ProcessStatus {
  pid: number;
  startTicks: string;
  /** True for a zombie: it has ended, but its parent has not read its exit status. */
  hasEnded: boolean;
}

/** Reads proc_pid_stat(5); `undefined` if there is no such process, or it is hidden. */
async function statusOf(pid: string): Promise<ProcessStatus | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field, the name, may contain parentheses and spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', threads = '', startTicks = ''] = [fields[0], fields[17], fields[19]];
  // The first thread may have ended while another one still writes.
  const hasEnded = /^[ZX]$/.test(state) && Number(threads) <= 1;
  return startTicks === '' ? undefined : { pid: Number.parseInt(text, 10), startTicks, hasEnded };
}
