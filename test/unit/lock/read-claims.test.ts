import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/lock/acquire.js';
import { encodeClaim, type Claim, type LockOwner } from '../../../src/lock/claim.js';
import { FolderClaims } from '../../../src/lock/folder-claims.js';
import { lockHolder } from '../../../src/lock/read-claims.js';
import { describeOwner } from '../../../src/lock/owner.js';
import { LOCK_TIMING } from '../../../src/lock/timing.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';

const NOW = new Date('2026-01-01T02:00:00.000Z');
const OTHER: LockOwner = { host: 'two', pid: 2, command: 'schedule', process: null };
const { signal } = new AbortController();

const { folder, remove } = temporaryFolder();
afterAll(remove);

let claims: MemoryClaims;
beforeEach(() => {
  claims = new MemoryClaims();
  claims.now = () => NOW.getTime();
});

const put = (name: string, state: Claim['state'], owner = OTHER) =>
  claims.put(name, encodeClaim({ state, since: NOW.toISOString(), owner }));
const holderAt = (ms: number) =>
  lockHolder(claims, { now: new Date(NOW.getTime() + ms), signal }).then((claim) => claim?.owner);

describe('the holder of a lock', () => {
  it('is nobody where there are no claims, and where one is only being tried', async () => {
    expect(await holderAt(0)).toBeUndefined();
    await put('a', 'trying');
    await claims.put('b', '{');
    expect(await holderAt(0)).toBeUndefined();
  });

  it('is the one of the claim that is held, among others', async () => {
    await put('a', 'trying', { ...OTHER, pid: 1 });
    await put('b', 'held');
    expect(await holderAt(1000)).toEqual(OTHER);
  });

  it('is nobody once the lease is over', async () => {
    await put('a', 'held');
    expect(await holderAt(LOCK_TIMING.leaseMs)).toEqual(OTHER);
    expect(await holderAt(LOCK_TIMING.leaseMs + 2001)).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('is nobody where its process was killed', async () => {
    const self = await describeOwner('schedule');
    const child = spawn('/bin/sh', ['-c', 'exec sleep 60']);
    const stat = await readFile(`/proc/${String(child.pid)}/stat`, 'utf8');
    const startTicks = stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
    const owner = { ...self, pid: child.pid!, process: { ...self.process!, startTicks } };
    await put('a', 'held', owner);
    expect(await holderAt(0)).toEqual(owner);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await holderAt(0)).toBeUndefined();
  });

  it('is told without a trace in the folder, and leaves the lock to it', async () => {
    const destination = join(folder, 'held');
    mkdirSync(destination);
    const ours = new FolderClaims(destination);
    const look = () => lockHolder(ours, { now: new Date(), signal });
    expect(await look()).toBeUndefined();
    expect(readdirSync(destination)).toEqual([]);
    const owner = await describeOwner('schedule');
    const lock = await acquireLock(ours, { owner, waitMs: 0, signal });
    expect((await look())?.owner).toEqual(owner);
    await lock.check();
    await lock.release();
    expect(await look()).toBeUndefined();
  });

  it('of a folder that is not there is nobody, and the folder is not made', async () => {
    const missing = join(folder, 'missing');
    const claim = await lockHolder(new FolderClaims(missing), { now: NOW, signal });
    expect(claim).toBeUndefined();
    expect(existsSync(missing)).toBe(false);
  });
});
