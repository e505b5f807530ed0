import { describe, expect, it } from 'vitest';
import { BoundedWork } from '../../../../src/repository/plain/plain-tree.js';

const MIB = 1024 * 1024;

/** A task that ends when it is told to. */
function gate() {
  let finish: (error?: Error) => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { task: () => done, finish };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(() => resolve('later')));
  return (await Promise.race([promise, later])) === 'later';
}

describe('work within limits', () => {
  it('makes the producer wait for the number of tasks, and for their weight', async () => {
    const work = new BoundedWork();
    const gates = Array.from({ length: 16 }, gate);
    for (const { task } of gates) work.begin(0, task);
    const ready = work.ready();
    expect(await isPending(ready)).toBe(true);
    gates[7]!.finish();
    await ready;
    const heavy = gate();
    work.begin(6 * MIB + 1, heavy.task);
    gates[8]!.finish();
    const light = work.ready();
    expect(await isPending(light)).toBe(true);
    heavy.finish();
    await light;
    for (const { finish } of gates) finish();
    await work.drained();
  });

  it('tells the first failure to every later call, when nothing is under way any more', async () => {
    const work = new BoundedWork();
    const [failing, slow] = [gate(), gate()];
    work.begin(1, failing.task);
    work.begin(1, slow.task);
    failing.finish(new Error('no space'));
    const drained = work.drained();
    drained.catch(() => undefined);
    expect(await isPending(work.settled())).toBe(true);
    slow.finish(new Error('nor here'));
    await work.settled();
    await expect(drained).rejects.toThrow('no space');
    await expect(work.ready()).rejects.toThrow('no space');
  });
});
