import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Parts of this process that can be stopped as processes are: killed at any request to the file system, of which a
 * later one then fails, or paused at one, as a machine that is suspended. Everything that runs within
 * `MortalProcess.run` belongs to it, whatever it awaits.
 */

const processes = new AsyncLocalStorage<MortalProcess>();

/** What happens to a process, at which of its requests to the file system. */
export interface Fate {
  kind: 'lives' | 'killed' | 'paused';
  at: number;
  /** Only requests to give a file such a path count. */
  renaming?: RegExp;
}

export const LIVES: Fate = { kind: 'lives', at: 0 };

export class MortalProcess {
  readonly name: string;
  readonly #fate: Fate;
  readonly #handles = new Set<FileHandle>();
  #requests = 0;
  #counted = 0;
  #isKilled = false;
  #pause: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Called when the process is paused. */
  onPause: () => void = () => undefined;
  onKill: () => void = () => undefined;
  /** The paths that it has written by renaming. */
  readonly renamed = new Set<string>();

  constructor(name: string, fate: Fate = LIVES) {
    this.name = name;
    this.#fate = fate;
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Runs work as this process. After a kill it rejects, in a while: whoever waits for it learns nothing else. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    return await processes.run(this, work);
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#pause?.resolve();
    this.onKill();
  }

  resume(): void {
    const pause = this.#pause;
    this.#pause = undefined;
    pause?.resolve();
  }

  /** Closes what a dead process had open, as the kernel does. Call it when its work has ended. */
  async bury(): Promise<void> {
    for (const handle of this.#handles) await handle.close().catch(() => undefined);
    this.#handles.clear();
  }

  own(handle: FileHandle): void {
    this.#handles.add(handle);
    if (this.#isKilled) void this.bury();
  }

  disown(handle: FileHandle): void {
    this.#handles.delete(handle);
  }

  /** Before each request to the file system. `renamed`: the new path, if it gives a file another one. */
  async pass(renamed?: string): Promise<void> {
    this.#refuseIfKilled();
    this.#requests += 1;
    const { renaming, at } = this.#fate;
    if (renaming === undefined || (renamed !== undefined && renaming.test(renamed)))
      this.#counted += 1;
    if (this.#counted === at && at > 0) {
      this.#counted = -Infinity;
      if (this.#fate.kind === 'killed') this.kill();
      if (this.#fate.kind === 'paused') {
        this.#pause = settling();
        this.onPause();
      }
    }
    await this.#pause?.promise;
    this.#refuseIfKilled();
  }

  #refuseIfKilled(): void {
    if (this.#isKilled) throw Object.assign(new Error('killed'), { code: 'EIO' });
  }
}

function settling(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

const CALLS = [
  ...['access', 'chmod', 'copyFile', 'link', 'lstat', 'mkdir', 'open', 'readFile', 'readdir'],
  ...['rename', 'rm', 'rmdir', 'stat', 'statfs', 'unlink', 'utimes', 'writeFile'],
] as const;
const METHODS = [
  'datasync',
  'read',
  'readFile',
  'stat',
  'sync',
  'truncate',
  'write',
  'writev',
  'writeFile',
];

type Call = (...args: unknown[]) => Promise<unknown>;

/** Lets mortal processes be stopped. Returns a function that takes it back. */
export async function makeProcessesMortal(file: string): Promise<() => void> {
  const real = fs.promises;
  const calls = real as unknown as Record<string, Call>;
  const before = new Map<string, Call>();
  for (const name of CALLS) {
    const call = calls[name];
    if (call === undefined) continue;
    before.set(name, call);
    calls[name] = async (...args) => {
      const process = processes.getStore();
      if (process === undefined) return await call.apply(real, args);
      await process.pass(name === 'rename' ? String(args[1]) : undefined);
      const answer = await call.apply(real, args);
      if (name === 'open') process.own(answer as FileHandle);
      if (name === 'rename') process.renamed.add(String(args[1]));
      return answer;
    };
  }
  syncBuiltinESMExports();
  const handle = await (before.get('open') as typeof real.open)(file, 'w');
  const methods = Object.getPrototypeOf(handle) as Record<string, Call>;
  await handle.close();
  const ofHandles = new Map<string, Call>();
  for (const name of [...METHODS, 'close']) {
    const method = methods[name];
    if (method === undefined) continue;
    ofHandles.set(name, method);
    methods[name] = async function (this: FileHandle, ...args: unknown[]) {
      const process = processes.getStore();
      if (name === 'close') process?.disown(this);
      else await process?.pass();
      return await method.apply(this, args);
    };
  }
  return () => {
    for (const [name, call] of before) calls[name] = call;
    for (const [name, method] of ofHandles) methods[name] = method;
    syncBuiltinESMExports();
  };
}
