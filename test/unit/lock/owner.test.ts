import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import type { LockOwner } from '../../../src/lock/claim.js';
import { describeOwner, isKnownDead } from '../../../src/lock/owner.js';
import { waitUntil } from '../../helpers/child-processes.js';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function sleeper(command = 'exec sleep 60'): ChildProcess & { pid: number } {
  const child = spawn('/bin/sh', ['-c', command]);
  children.push(child);
  if (child.pid === undefined) throw new Error('no process');
  return Object.assign(child, { pid: child.pid });
}

async function startTicksOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')')).split(' ')[20] ?? '';
}

/** Another process of this machine, as it would describe itself. */
async function ownerOf(pid: number, self: LockOwner): Promise<LockOwner> {
  const process = self.process && { ...self.process, startTicks: await startTicksOf(pid) };
  return { ...self, pid, process };
}

describe('an owner', () => {
  it('is described by its host, process and command', async () => {
    const owner = await describeOwner('backup full');
    expect(owner).toMatchObject({ host: hostname(), pid: process.pid, command: 'backup full' });
  });
});

describe.runIf(process.platform === 'linux')('an owner on this machine', () => {
  it('is described so that it can be told from every other process', async () => {
    const { process: identity } = await describeOwner('backup full');
    expect(identity?.bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(identity?.namespaces).toMatch(/^pid:\[\d+\]/);
    expect(identity?.startTicks).toBe(await startTicksOf(process.pid));
  });

  it('that runs is not dead, nor are we', async () => {
    const self = await describeOwner('backup full');
    expect(await isKnownDead(self, self)).toBe(false);
    expect(await isKnownDead(await ownerOf(sleeper().pid, self), self)).toBe(false);
  });

  it('that is stopped is not dead', async () => {
    const self = await describeOwner('backup full');
    const child = sleeper();
    const owner = await ownerOf(child.pid, self);
    child.kill('SIGSTOP');
    expect(await isKnownDead(owner, self)).toBe(false);
  });

  it('that was killed is dead', async () => {
    const self = await describeOwner('backup full');
    const child = sleeper();
    const owner = await ownerOf(child.pid, self);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isKnownDead(owner, self)).toBe(true);
  });

  it('whose parent does not ask for its status is dead all the same', async () => {
    const self = await describeOwner('backup full');
    const parent = sleeper('sleep 60 & echo $!; exec sleep 60');
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const owner = await ownerOf(pid, self);
    expect(await isKnownDead(owner, self)).toBe(false);
    // As a shell it might still ask; as `sleep` it does not.
    await waitUntil('the parent', [], async () =>
      (await readFile(`/proc/${parent.pid}/stat`, 'utf8')).includes('(sleep)'),
    );
    process.kill(pid, 'SIGKILL');
    await waitUntil('the zombie', [], async () =>
      (await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') Z '),
    );
    expect(await isKnownDead(owner, self)).toBe(true);
  });

  it('whose process id was given to another one is dead', async () => {
    const self = await describeOwner('backup full');
    const owner = await ownerOf(sleeper().pid, self);
    const earlier = { ...owner.process!, startTicks: `${Number(owner.process?.startTicks) - 1}` };
    expect(await isKnownDead({ ...owner, process: earlier }, self)).toBe(true);
  });

  it.each<[string, (owner: LockOwner) => LockOwner]>([
    ['on another host', (owner) => ({ ...owner, host: `${owner.host}-2` })],
    ['without an identity', (owner) => ({ ...owner, process: null })],
    [
      'of another start of the machine',
      (owner) => ({ ...owner, process: { ...owner.process!, bootId: 'other' } }),
    ],
    [
      'in another container',
      (owner) => ({ ...owner, process: { ...owner.process!, namespaces: 'pid:[1]' } }),
    ],
  ])('%s is not known to be dead', async (_, elsewhere) => {
    const self = await describeOwner('backup full');
    const child = sleeper();
    const dead = await ownerOf(child.pid, self);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isKnownDead(elsewhere(dead), self)).toBe(false);
    expect(await isKnownDead(dead, { ...self, process: null })).toBe(false);
    expect(await isKnownDead(dead, self)).toBe(true);
  });

  it('with an impossible process id is not known to be dead', async () => {
    const self = await describeOwner('backup full');
    expect(await isKnownDead({ ...self, pid: 2 ** 40 }, self)).toBe(false);
  });
});
