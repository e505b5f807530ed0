import { join } from 'node:path';
import { expect } from 'vitest';
import { listContents } from '../../../src/backup/contents.js';
import { backUpFull } from '../../../src/backup/full.js';
import { backUpIncremental } from '../../../src/backup/incremental.js';
import { type BackupOptions, STRICT_GUARD } from '../../../src/backup/plan/backup-plan.js';
import { isMangamotionError } from '../../../src/errors.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { findAcceptable } from '../../../src/repository/lines/acceptance.js';
import { type Line, linesOf } from '../../../src/repository/lines/lines.js';
import { locateBackup, openDestination } from '../../../src/repository/locate.js';
import { prune } from '../../../src/repository/retention/prune.js';
import type { Summary } from '../../../src/repository/summary.js';
import { isPartial } from '../../../src/restore/report.js';
import { NO_PROGRESS, restore, verify, withQuickRetries } from '../../helpers/backups.js';
import type { OddProxy } from '../../helpers/odd-proxy.js';
import { snapshot } from '../../helpers/seed.js';
import { freshBucketName, removeBucket } from '../../helpers/test-store.js';
import { type BackUp, type Command, KEYS } from './commands.js';
import { Truth, faulty, isUnknowable, nameOf } from './odd-store.js';

/** The server as it is, and as it is seen through a proxy that makes an odd one of it. */
export interface Servers {
  right: ObjectStore;
  odd: ObjectStore;
  proxy: OddProxy;
}

type Held = Map<string, string>;

/** A history of a store and its backups, in which each command is held against the law. */
export class History {
  readonly #servers: Servers;
  readonly #folder: string;
  readonly #buckets: readonly [string, string];
  readonly #truth: Truth;
  /** What the store had, and somebody could know of, when each backup was made, by id. */
  readonly #truths = new Map<string, ReadonlySet<string>>();
  /** Hours after the objects are written, so that none counts as news. */
  #time = Date.now() + 3_600_000;

  constructor(servers: Servers, folder: string, buckets: readonly [string, string]) {
    this.#servers = servers;
    this.#folder = folder;
    this.#buckets = buckets;
    this.#truth = new Truth(servers.right, buckets);
  }

  async begin(): Promise<void> {
    const all = [...Array(KEYS).keys()];
    await this.#truth.put(0, all, 0);
    await this.#truth.put(1, all.slice(0, 5), 0);
  }

  async go(command: Command): Promise<void> {
    switch (command.do) {
      case 'put':
        await this.#truth.put(command.bucket, command.keys, command.content);
        return;
      case 'remove':
        await this.#truth.remove(command.bucket, command.keys);
        return;
      case 'remove-all':
        await this.#truth.remove(command.bucket, [...Array(KEYS).keys()]);
        return;
      case 'accept':
        await this.#accept();
        return;
      case 'prune':
        await this.#removing(() => this.#prune());
        return;
      case 'restore':
        await this.#restore();
        return;
      case 'full':
      case 'incremental':
        if (command.prunes) await this.#removing(() => this.#backUp(command.do, command));
        else await this.#backUp(command.do, command);
    }
  }

  /** At last the server is right again. */
  async end(): Promise<void> {
    await this.#backUp('incremental', { faults: [], accepts: false, prunes: false });
    await this.#removing(() => this.#prune());
    await this.#restore();
  }

  async #backUp(type: 'full' | 'incremental', how: BackUp): Promise<void> {
    const before = await this.#held((await this.#line())?.newestTrusted?.id);
    this.#servers.proxy.be(faulty(how.faults, this.#buckets));
    let summary: Summary;
    try {
      summary = await this.#run(type, how);
    } catch (error) {
      // A run may end without a backup; it must not end with a bug, nor without a fault.
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      expect([how.faults.length > 0, error.message]).toEqual([true, error.message]);
      return;
    } finally {
      this.#servers.proxy.be();
    }
    const known = [...this.#truth.objects.keys()].filter(
      (name) => !isUnknowable(how.faults, name, before),
    );
    this.#truths.set(summary.id, new Set(known));
    this.#checkStatus(summary, before, how);
    await this.#checkBackup(summary, before, known);
  }

  async #run(type: 'full' | 'incremental', { accepts, prunes }: BackUp): Promise<Summary> {
    const context = {
      store: withQuickRetries(this.#servers.odd, { attempts: 2 }),
      destination: await openDestination(this.#folder),
      clock: { now: () => new Date((this.#time += 1000)), sleep: () => Promise.resolve() },
      signal: new AbortController().signal,
      progress: NO_PROGRESS,
      tool: 'test',
    };
    const options: BackupOptions = {
      selection: { only: this.#buckets, excluded: [] },
      ignoreFreeSpace: true,
      waitLockMs: 0,
      guard: { ...STRICT_GUARD, acceptDeletions: accepts },
      ...(prunes ? { retention: { policy: { last: 1 }, onPruned: () => undefined } } : {}),
    };
    return type === 'full'
      ? await backUpFull(context, options)
      : await backUpIncremental(context, { ...options, refreshMetadata: false });
  }

  /** Without a fault all is told as it is: suspect where a bucket has lost all that it had. */
  #checkStatus({ status }: Summary, before: Held, { faults, accepts }: BackUp): void {
    if (accepts) expect(status).not.toBe('suspect');
    if (faults.length > 0) return;
    const hasLostAll = ([0, 1] as const).some((bucket) => {
      const earlier = [...before.keys()].filter((name) => name.startsWith(nameOf(bucket, '')));
      return earlier.length > 0 && !earlier.some((name) => this.#truth.objects.has(name));
    });
    expect(status).toBe(hasLostAll && !accepts ? 'suspect' : 'complete');
  }

  async #checkBackup(summary: Summary, before: Held, known: readonly string[]): Promise<void> {
    const held = await this.#held(summary.id);
    const { status, problems } = await verify(this.#folder, summary.id);
    expect([status, problems]).toEqual(['ok', []]);
    const isNamed = this.#namedIn(summary);
    for (const [name, sha256] of held) {
      const isTrue = this.#truth.objects.get(name) === sha256;
      const isOlder = before.get(name) === sha256 && isNamed(name);
      expect([name, isTrue || isOlder]).toEqual([name, true]);
    }
    for (const name of known) {
      const isHeld = held.get(name) === this.#truth.objects.get(name);
      expect([name, isHeld || isNamed(name)]).toEqual([name, true]);
      if (summary.status === 'complete') expect([name, isHeld]).toEqual([name, true]);
      // What may take the place of older ones holds what they hold.
      if (summary.supersedes === true && before.has(name)) {
        expect([name, held.has(name)]).toEqual([name, true]);
      }
    }
  }

  /** Tells whether the summary names an object, or its whole bucket, as failed. */
  #namedIn({ failures }: Summary): (name: string) => boolean {
    const named = new Set(
      failures
        // Of these the bytes are there.
        .filter(({ part }) => part === undefined)
        .map(({ bucket, key }) => this.#nameOf(bucket, key)),
    );
    return (name) => named.has(name) || named.has(name.replace(/\/.*/, '/'));
  }

  /** Takes the newest suspect for right, where that is of use. */
  async #accept(): Promise<void> {
    const id = (await this.#line())?.suspendedBy;
    if (id === undefined) return;
    const destination = await openDestination(this.#folder);
    try {
      findAcceptable(await destination.list(), id);
    } catch (error) {
      if (!isMangamotionError(error, 'usage')) throw error;
      return;
    }
    await destination.mark(id, 'accepted', true);
    expect((await this.#line())?.newestTrusted?.id).toBe(id);
  }

  async #prune(): Promise<void> {
    const now = new Date((this.#time += 1000));
    const destination = await openDestination(this.#folder);
    await prune(destination, { last: 1 }, { dryRun: false, now, type: undefined });
  }

  /**
   * Does what may remove backups. What is left holds all that was held by any and the store still
   * had when the newest trusted one was made; and while that is in doubt, none of the trusted goes.
   */
  async #removing(work: () => Promise<void>): Promise<void> {
    const before = await this.#heldByAny();
    const trusted = (await this.#line())?.trusted ?? new Set<string>();
    await work();
    const line = await this.#line();
    const after = await this.#heldByAny();
    for (const name of this.#truths.get(line?.newestTrusted?.id ?? '') ?? []) {
      if (before.has(name)) expect([name, after.has(name)]).toEqual([name, true]);
    }
    if (line?.suspendedBy !== undefined) {
      expect([...line.trusted]).toEqual(expect.arrayContaining([...trusted]));
    }
    for (const { id } of line?.backups ?? []) {
      expect((await verify(this.#folder, id)).problems).toEqual([]);
    }
  }

  async #restore(): Promise<void> {
    const id = (await this.#line())?.newestTrusted?.id;
    if (id === undefined) return;
    const { right } = this.#servers;
    const targets = [freshBucketName(), freshBucketName()] as const;
    const renames = new Map(this.#buckets.map((name, i) => [name, targets[i] ?? '']));
    try {
      const located = await locateBackup(join(this.#folder, id));
      const report = await restore(right, located, { selection: { renames } });
      expect([report.failures, isPartial(report)]).toEqual([[], false]);
      const restored: [string, string][] = [];
      for (const number of [0, 1] as const) {
        for (const [key, { sha256 }] of await snapshot(right, targets[number])) {
          restored.push([nameOf(number, key), sha256]);
        }
      }
      expect(new Map(restored)).toEqual(await this.#held(id));
    } finally {
      for (const target of targets) {
        if (await right.bucketExists(target)) await removeBucket(right, target);
      }
    }
  }

  async #line(): Promise<Line | undefined> {
    const destination = await openDestination(this.#folder);
    return linesOf(await destination.list())[0];
  }

  async #heldByAny(): Promise<Set<string>> {
    const all = new Set<string>();
    for (const { id } of (await this.#line())?.backups ?? []) {
      for (const name of (await this.#held(id)).keys()) all.add(name);
    }
    return all;
  }

  async #held(id: string | undefined): Promise<Held> {
    const held: Held = new Map();
    if (id === undefined) return held;
    const located = await locateBackup(join(this.#folder, id));
    const everything = { buckets: [], keys: [], prefixes: [] };
    for await (const { bucket, key, sha256 } of listContents(located, everything)) {
      held.set(this.#nameOf(bucket, key), sha256);
    }
    return held;
  }

  #nameOf(bucket: string, key: string): string {
    return nameOf(bucket === this.#buckets[0] ? 0 : 1, key);
  }
}
