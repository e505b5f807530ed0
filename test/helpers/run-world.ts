import { utimesSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { newIdentity, recipientOf } from '../../src/age/keys.js';
import { backUpFull } from '../../src/backup/full.js';
import { backUpIncremental } from '../../src/backup/incremental.js';
import { backUpMetadata } from '../../src/backup/metadata.js';
import type { BackupContext } from '../../src/backup/plan/backup-plan.js';
import { backUpSharded } from '../../src/backup/shards/back-up-sharded.js';
import { captureOwnShards } from '../../src/backup/shards/capture-own-shards.js';
import { captureShard } from '../../src/backup/shards/capture-shard.js';
import type { ShardOffer } from '../../src/backup/shards/engine.js';
import { sealedEngine } from '../../src/backup/shards/sealed-engine.js';
import { workOnShard } from '../../src/backup/shards/shard-worker.js';
import { MangamotionError, isMangamotionError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import type { Clock, Destination } from '../../src/repository/destination.js';
import { type DraftKeys, NO_VAULT, type Vault } from '../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../src/repository/folder/folder-destination.js';
import { SUMMARY_SUFFIX } from '../../src/repository/names.js';
import { prune } from '../../src/repository/retention/prune.js';
import { NAMED_RUN_HOURS } from '../../src/repository/runs/run-leftovers.js';
import { type RunPlan, newToken } from '../../src/repository/runs/run-plan.js';
import { findRuns, readPlan, sealOf } from '../../src/repository/runs/runs.js';
import { decodeSummary, encodeSummary } from '../../src/repository/summary-codec.js';
import { withLock } from '../../src/repository/with-lock.js';
import { newSigningKey } from '../../src/signature/keys.js';
import { NO_PROGRESS, temporaryFolder } from './backups.js';
import { type Fate, LIVES, MortalProcess } from './mortal-processes.js';
import { type Faults, RecordedStore, WorldClock, refusal } from './recorded-store.js';
import {
  agreesWithStore,
  countsAgree,
  isInOrder,
  nothingIsLeft,
  nothingIsTaken,
  ofRun,
  readBackup,
} from './run-laws.js';
import { UnrulyEngine } from './unruly-engine.js';

/** A store, a destination, and all that can happen to those who make backups of the one in the other. */

export type Protection = 'plain' | 'encrypted' | 'signed' | 'both';

const TOOL = 'mangamotion model';
const TIMES = { leaseMs: 60, backoffMs: 2, pollMs: 3, patienceMs: 600 };
const CALM_TIMES = { leaseMs: 30_000, backoffMs: 5, pollMs: 3, patienceMs: 60_000 };
const BUCKETS = ['alpha', 'beta', 'gamma', 'delta'];
const KINDS = ['old', 'foreign', 'splits', 'liar'] as const;
const MARK = 'clearly';
const KEYS = [
  ...Array.from({ length: 14 }, (_, at) => `${MARK}/a/${String(at).padStart(2, '0')}`),
  ...Array.from({ length: 6 }, (_, at) => `${MARK}/b/${at}`),
  ...[MARK, `${MARK}!`, `${MARK}/é`, `${MARK}/\u{1F600}`, `${MARK}/\uFFFD`, `${MARK} z`],
];

/** Random numbers that a seed repeats. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

interface Keys {
  vault: Vault;
  /** As `vault`, with the keys that open archives. */
  reading: Vault;
  /** Workers that must not be heard: those of somebody else. */
  foreign: Vault;
  drafts: Map<string, Buffer>;
}

async function keysFor(protection: Protection): Promise<Keys> {
  const drafts = new Map<string, Buffer>();
  const draftKeys: DraftKeys = {
    put: (id, key) => Promise.resolve(void drafts.set(id, Buffer.from(key))),
    get: (id) => Promise.resolve(drafts.get(id)),
    remove: (id) => Promise.resolve(void drafts.delete(id)),
  };
  const isEncrypted = protection === 'encrypted' || protection === 'both';
  const isSigned = protection === 'signed' || protection === 'both';
  const [operator, host] = [await newIdentity(), await newIdentity()];
  const [signing, other] = [newSigningKey(), newSigningKey()];
  const base: Vault = {
    ...NO_VAULT,
    draftKeys,
    ...(isEncrypted
      ? {
          recipients: [await recipientOf(operator, 'operator')],
          hostIdentity: () => Promise.resolve(host),
        }
      : {}),
  };
  const vault: Vault = isSigned
    ? { ...base, signingKey: () => Promise.resolve(signing), signers: [signing.publicKey] }
    : base;
  return {
    vault,
    reading: { ...vault, identities: () => Promise.resolve([operator]) },
    foreign: { ...base, signingKey: () => Promise.resolve(other), signers: [] },
    drafts,
  };
}

interface Asleep {
  /** It does not go on before this round. */
  round: number;
  process: MortalProcess;
  done: Promise<unknown>;
}

export class RunWorld {
  readonly chance: Chance;
  readonly clock = new WorldClock();
  readonly store: RecordedStore;
  readonly folder: string;
  readonly removeFolder: () => void;
  readonly protection: Protection;
  readonly #forgery: RecordedStore;
  readonly #log: string[] = [];
  #keys!: Keys;
  /** Writes, and reads without the keys of the archives. */
  #destination!: Destination;
  #foreign!: Destination;
  #reading!: Destination;
  #asleep: Asleep[] = [];
  readonly #awake = new Set<MortalProcess>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #checked = new Set<string>();
  readonly #engines: UnrulyEngine[] = [];
  /** Errors that nobody can understand. */
  readonly #internal: string[] = [];
  #round = 0;
  #writes = 0;
  #names = 0;
  /** Of the current round. */
  #brokenBucket: string | undefined;
  #isCalm = false;
  readonly counts = {
    committed: 0,
    killed: 0,
    paused: 0,
    forged: 0,
    partial: 0,
  };

  constructor(seed: number) {
    this.chance = new Chance(seed);
    this.protection = this.chance.of([
      'plain',
      'plain',
      'plain',
      'plain',
      'encrypted',
      'signed',
      'both',
    ]);
    const turns = (): number => this.chance.below(3);
    this.store = new RecordedStore(this.clock, turns);
    this.#forgery = new RecordedStore(this.clock, turns);
    const { folder, remove } = temporaryFolder();
    this.folder = folder;
    this.removeFolder = remove;
  }

  async open(): Promise<void> {
    this.#keys = await keysFor(this.protection);
    const { vault, reading, foreign } = this.#keys;
    this.#destination = await FolderDestination.open(this.folder, { vault });
    this.#reading = await FolderDestination.open(this.folder, { vault: reading });
    this.#foreign = await FolderDestination.open(this.folder, { vault: foreign });
    for (const bucket of BUCKETS.slice(0, 2)) {
      this.store.createBucket(bucket);
      for (const key of KEYS) if (this.chance.is(0.7)) this.#put(bucket, key);
    }
    for (const bucket of BUCKETS) {
      this.#forgery.createBucket(bucket);
      for (const key of KEYS) this.#forgery.put(bucket, key, `forged ${bucket} ${key}`);
    }
  }

  /** What has happened, and who has not ended, for who looks for the reason of a failure. */
  get story(): string {
    const asleep = this.#asleep.map(
      ({ round, process: { name } }) => `${name}: sleeps until round ${round}`,
    );
    const awake = [...this.#awake].map(({ name, requests }) => `${name}: at request ${requests}`);
    return [...this.#log, `in round ${this.#round} there are:`, ...asleep, ...awake].join('\n');
  }

  /** Does something, and returns which laws do not hold afterwards. */
  async round(): Promise<string[]> {
    const { chance } = this;
    this.#round += 1;
    const before = await this.names();
    const kept = await this.#goingOn();
    this.#change(chance.below(8));
    this.#brokenBucket = chance.is(0.12) ? chance.of(BUCKETS) : undefined;
    const fromMs = this.clock.nowMs();
    const isOver = { now: false };
    const changing = this.#changeMeanwhile(isOver);
    const waking = this.#wakeMeanwhile(isOver);
    const subject = await this.#act(kept);
    isOver.now = true;
    await changing;
    await waking;
    this.#brokenBucket = undefined;
    const after = await this.names();
    const wrong = this.#internal.splice(0);
    for (const { run, name } of kept) {
      // A head that slept may have gone on, and ended the run.
      if (subject === name || after.includes(run + SUMMARY_SUFFIX)) continue;
      wrong.push(...nothingIsTaken(ofRun(before, run), ofRun(after, run)));
    }
    return [...wrong, ...(await this.#checkNew(fromMs)), ...(await this.#nothingLeaks())];
  }

  /** Ends everything, makes one backup that nobody disturbs, and returns which laws do not hold. */
  async end(): Promise<string[]> {
    const { chance } = this;
    await this.#settle(() => chance.is(0.5));
    const wrong = await this.#checkNew(this.clock.nowMs() - 3_600_000);
    this.#isCalm = true;
    this.clock.advance((NAMED_RUN_HOURS + 1) * 3_600_000);
    if (this.store.buckets.size === 0) this.store.createBucket('alpha');
    const fromMs = this.clock.nowMs();
    this.#note('the end: a run that nobody disturbs');
    const made = await this.#head(chance.of(['full', 'incremental']), undefined, LIVES);
    if (made.error !== undefined) wrong.push('the last run failed');
    wrong.push(...(await this.#checkNew(fromMs)));
    const left = nothingIsLeft(await this.names(), await this.#destination.list());
    wrong.push(...left.map((line) => `after the next run: ${line}`));
    await this.#prune(100);
    wrong.push(...nothingIsLeft(await this.names(), await this.#destination.list()));
    for (const id of this.#keys.drafts.keys()) wrong.push(`the key of the draft ${id} is left`);
    for (const backup of await this.#reading.list()) {
      const read = await readBackup(this.#reading, backup);
      if (Array.isArray(read)) wrong.push(...read);
    }
    return [...wrong, ...(await this.#nothingLeaks())];
  }

  /**
   * A run falls asleep at a request, its claim ends, another backup takes its place, and what it was planned
   * with is removed. Then it goes on.
   */
  async oversleep(type: 'full' | 'incremental', isSharded: boolean, at: number): Promise<string[]> {
    const { chance } = this;
    const fromMs = this.clock.nowMs();
    this.#isCalm = true;
    await this.#ordinary('full');
    const fate: Fate = { kind: 'paused', at };
    if (isSharded) await this.#head(type, undefined, fate);
    else await this.#ordinary(type, fate);
    this.#change(chance.below(4));
    await this.#ordinary('full');
    await this.#prune(1);
    await this.#settle(() => false);
    return [...this.#internal.splice(0), ...(await this.#checkNew(fromMs))];
  }

  async close(): Promise<void> {
    await this.#settle(() => true);
    this.removeFolder();
  }

  async names(): Promise<string[]> {
    return (await readdir(this.folder)).filter((name) => !name.startsWith('.')).sort();
  }

  // What happens

  /** Resolves to the name of the run that it was about. */
  async #act(kept: readonly { run: string; name: string }[]): Promise<string | undefined> {
    const { chance } = this;
    const what = chance.next();
    const type = chance.of(['full', 'incremental'] as const);
    if (what < 0.5) return await this.#runs(type, kept);
    if (what < 0.7) return await this.#shares(type, kept);
    if (what < 0.85) await this.#ordinary(chance.of(['full', 'incremental', 'metadata'] as const));
    else await this.#prune(chance.of([1, 2, 3, 100]));
    return undefined;
  }

  /** A run over the engine, whose head may be killed, and may not be alone. */
  async #runs(
    type: 'full' | 'incremental',
    kept: readonly { run: string; name: string }[],
  ): Promise<string | undefined> {
    const { chance } = this;
    const known = chance.is(0.3) && kept.length > 0 ? chance.of(kept) : undefined;
    const name = known?.name ?? (chance.is(0.3) ? `night-${this.#names++}` : undefined);
    const second = chance.is(0.15) ? this.#later(type, name) : undefined;
    for (let tries = 0; tries < 3; tries++) {
      const made = await this.#head(type, name, this.#fate(0.45 - tries * 0.15, 260));
      if (made.error === undefined || chance.is(0.3)) break;
    }
    await second;
    return name;
  }

  async #later(type: 'full' | 'incremental', name: string | undefined): Promise<void> {
    for (let turns = this.chance.below(150); turns > 0; turns--) await nextTurn();
    await this.#head(type, name, this.#fate(0.3, 200));
  }

  /** Shares of a run on several machines, without an engine, and perhaps its head. */
  async #shares(
    type: 'full' | 'incremental',
    kept: readonly { run: string; name: string }[],
  ): Promise<string> {
    const { chance } = this;
    const known = chance.is(0.3) && kept.length > 0 ? chance.of(kept) : undefined;
    const name = known?.name ?? `night-${this.#names++}`;
    const of = 1 + chance.below(3);
    for (let again = 0; again < 2; again++) {
      const shares = Array.from({ length: of }, (_, at) => at + 1).filter(() => chance.is(0.9));
      // Who waits for the plan of another waits long, so most find it there.
      const first = chance.is(0.2) ? undefined : shares.shift();
      if (first !== undefined) await this.#share(type, name, { index: first, of });
      await Promise.all(shares.map((index) => this.#share(type, name, { index, of })));
    }
    if (chance.is(0.7)) await this.#bind(type, name);
    return name;
  }

  async #share(
    type: 'full' | 'incremental',
    run: string,
    share: { index: number; of: number },
  ): Promise<void> {
    const process = new MortalProcess(
      `share ${share.index}/${share.of} of ${run}`,
      this.#fate(0.3, 120),
    );
    await this.#live(process, async () => {
      const context = this.#context(this.#connect());
      return await captureOwnShards(context, type, this.#options(), { run, share });
    });
  }

  async #bind(type: 'full' | 'incremental', name: string): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      const made = await this.#head(type, name, this.#fate(0.3 - tries * 0.3, 100), true);
      if (made.error === undefined) return;
    }
  }

  async #ordinary(
    type: 'full' | 'incremental' | 'metadata',
    fate = this.#isCalm ? LIVES : this.#fate(0.3, 150),
  ): Promise<void> {
    const process = new MortalProcess(`backup ${type}`, fate);
    await this.#live(process, async () => {
      const context = this.#context(this.#connect());
      const options = this.#options();
      if (type === 'metadata') return await backUpMetadata(context, options);
      if (type === 'full') return await backUpFull(context, options);
      return await backUpIncremental(context, { ...options, refreshMetadata: false });
    });
  }

  async #prune(last: number): Promise<void> {
    const process = new MortalProcess(
      `prune --keep-last ${last}`,
      this.#isCalm ? LIVES : this.#fate(0.3, 40),
    );
    await this.#live(process, async () => {
      const { signal } = new AbortController();
      const locking = {
        destination: this.#destination,
        command: 'backup prune',
        waitMs: 0,
        signal,
      };
      await withLock({ ...locking, warn: () => undefined }, async (_, held) => {
        const now = new Date(this.clock.nowMs());
        await prune(this.#destination, { last }, { dryRun: false, now, signal: held });
        return undefined;
      });
    });
  }

  async #head(
    type: 'full' | 'incremental',
    run: string | undefined,
    fate: Fate,
    mustExist = false,
  ): Promise<{ error?: unknown }> {
    const process = new MortalProcess(`head ${type} ${run ?? ''}`, fate);
    return await this.#live(process, async () => {
      const context = this.#context(this.#connect());
      return await backUpSharded(context, type, this.#options(), {
        ...{ run, shards: 2 + this.chance.below(7), mustExist },
        openEngine: (_, plan, seal) => Promise.resolve(sealedEngine(this.#engine(plan), seal)),
        times: this.#isCalm && fate === LIVES ? CALM_TIMES : TIMES,
      });
    });
  }

  // Processes

  /**
   * `mayPause`: by default only in the long run. One that holds the lock and sleeps between its last check and
   * the name of its summary can still lose its archive to the next run, in a window of two requests.
   */
  #fate(risk: number, most: number, mayPause = process.env.TEST_LONG === '1'): Fate {
    const { chance } = this;
    if (!chance.is(risk)) return LIVES;
    const kind = chance.is(0.6) || !mayPause ? 'killed' : 'paused';
    if (chance.is(0.75)) return { kind, at: 1 + chance.below(most) };
    // While it commits: when an archive, or a summary, gets its name.
    return {
      kind,
      at: 1,
      renaming: chance.of([/\.tar\.gz(\.age)?$/, /\d\.json$/, /\.plan\.json$/]),
    };
  }

  /** Resolves when the process has ended or is paused; `error` if it has not done its work. */
  async #live(process: MortalProcess, work: () => Promise<unknown>): Promise<{ error?: unknown }> {
    const { name } = process;
    const age = (): void => this.#age(process);
    process.onKill = () => {
      this.counts.killed += 1;
      this.#note(`${name}: killed at ${process.requests}`);
      age();
    };
    let asleep = (): void => undefined;
    const paused = new Promise<{ error?: unknown }>((settle) => {
      asleep = () => {
        settle({ error: 'paused' });
      };
    });
    process.onPause = () => {
      this.counts.paused += 1;
      this.#note(`${name}: paused at ${process.requests}`);
      age();
      const round = this.#round + (this.chance.is(0.4) ? 1 + this.chance.below(3) : 0);
      this.#asleep.push({ round, process, done });
      asleep();
    };
    this.#note(`${name}: begins`);
    this.#awake.add(process);
    const done: Promise<{ error?: unknown }> = (async () => {
      await nextTurn();
      try {
        const made = await process.run(work);
        const { id, status } = (made ?? {}) as { id?: string; status?: string };
        this.#note(`${name}: done ${id ?? ''} ${status ?? ''}`);
        return {};
      } catch (error) {
        this.#note(`${name}: ${String(error)}`);
        const isMeant = process.isKilled || isMangamotionError(error);
        if (!isMeant) this.#internal.push(`${name}: ${String(error)}`);
        return { error };
      } finally {
        await process.bury();
        this.#awake.delete(process);
      }
    })();
    this.#track(done);
    return await Promise.race([done, paused]);
  }

  #track(work: Promise<unknown>): void {
    const settled = work.finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }

  /** The claims of a process that is dead or asleep look as old as they would be when somebody relies on that. */
  #age(process: MortalProcess): void {
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const path of process.renamed) {
      if (!path.includes('.mangamotion-lock')) continue;
      try {
        utimesSync(path, longAgo, longAgo);
      } catch {
        // It is gone.
      }
    }
  }

  /** Wakes or kills whoever sleeps, until nobody does anything any more. */
  async #settle(kills: () => boolean): Promise<void> {
    while (this.#running.size > 0) {
      for (const { process } of this.#asleep.splice(0)) {
        if (kills()) process.kill();
        else process.resume();
      }
      await Promise.race([Promise.allSettled([...this.#running]), sleep(10)]);
    }
  }

  async #wakeMeanwhile(isOver: { now: boolean }): Promise<void> {
    const { chance } = this;
    while (!isOver.now) {
      await sleep(1 + chance.below(12));
      const at = this.#asleep.findIndex(({ round }) => round <= this.#round);
      if (at < 0 || !chance.is(0.3)) continue;
      const [one] = this.#asleep.splice(at, 1);
      this.#note(`${one?.process.name ?? ''}: goes on`);
      one?.process.resume();
    }
  }

  // The store

  #put(bucket: string, key: string): void {
    this.store.put(
      bucket,
      key,
      `${bucket} ${key} ${this.#writes++} ${'.'.repeat(this.chance.below(60))}`,
    );
  }

  #change(times: number): void {
    const { chance, store } = this;
    for (let at = 0; at < times; at++) {
      const bucket = chance.of([...store.buckets.keys(), ...BUCKETS.slice(0, 1)]);
      const what = chance.next();
      if (what < 0.55) this.#put(bucket, chance.of(KEYS));
      else if (what < 0.9) store.delete(bucket, chance.of(KEYS));
      else if (what < 0.96) store.createBucket(chance.of(BUCKETS));
      else if (store.buckets.size > 1 && chance.is(0.4))
        store.deleteBucket(chance.of([...store.buckets.keys()]));
    }
  }

  async #changeMeanwhile(isOver: { now: boolean }): Promise<void> {
    const { chance } = this;
    if (chance.is(0.4)) return;
    while (!isOver.now) {
      await sleep(1 + chance.below(8));
      if (chance.is(0.5)) this.#change(1);
    }
  }

  #connect(more: Faults = () => undefined): ObjectStore {
    return this.store.connect((request, bucket, key) => {
      more(request, bucket, key);
      if (this.#isCalm) return;
      if (request === 'list' && bucket === this.#brokenBucket) {
        throw refusal('unreachable', `SlowDown: ${bucket}`, 503);
      }
      if (request === 'read' && this.chance.is(0.004)) {
        throw refusal('access_denied', `AccessDenied: ${bucket}/${key ?? ''}`, 403);
      }
    });
  }

  // Workers

  #engine(plan: RunPlan): UnrulyEngine {
    const { chance } = this;
    const doomed = !this.#isCalm && chance.is(0.08) ? chance.below(plan.shards.length) : -1;
    const engine = new UnrulyEngine((offer, report) => this.#work(plan, offer, report, doomed), {
      slots: 3,
      offerFate: () => {
        if (this.#isCalm) return 'reaches';
        return chance.is(0.08) ? 'lost' : chance.is(0.1) ? 'twice' : 'reaches';
      },
      lookFate: () => {
        if (this.#isCalm || chance.is(0.88)) return 'true';
        return chance.of(['unreachable', 'old', 'flushed']);
      },
    });
    this.#engines.push(engine);
    return engine;
  }

  async #work(
    plan: RunPlan,
    offer: ShardOffer,
    report: (counts: { objects: number; bytes: number }) => void,
    doomed: number,
  ): Promise<'done' | 'silent'> {
    const { chance } = this;
    if (offer.number === doomed) throw new MangamotionError('damaged', 'this shard always fails');
    const process = new MortalProcess(
      `worker ${offer.number}-${offer.attempt} of ${plan.run}`,
      this.#isCalm ? LIVES : this.#fate(0.25, 70, true),
    );
    const aborted = new AbortController();
    if (!this.#isCalm && chance.is(0.05)) {
      setTimeout(
        () => aborted.abort(new MangamotionError('terminated', 'SIGTERM')),
        chance.below(20),
      );
    }
    const isSigned = this.protection === 'signed' || this.protection === 'both';
    const kind =
      this.#isCalm || chance.is(0.8)
        ? 'worker'
        : chance.of(isSigned ? (['foreign', 'splits'] as const) : KINDS);
    const { error } = await this.#live(process, async () => {
      await this.#workAs(kind, plan, offer, {
        signal: aborted.signal,
        onProgress: report,
        warn: () => undefined,
      });
      return undefined;
    });
    if (process.isKilled || process.isPaused) return 'silent';
    if (error !== undefined && error !== 'paused') throw error as Error;
    return 'done';
  }

  async #workAs(
    kind: 'worker' | 'old' | 'foreign' | 'splits' | 'liar',
    plan: RunPlan,
    { number, attempt, range: sealed }: ShardOffer,
    hooks: Parameters<typeof workOnShard>[2],
  ): Promise<void> {
    const { run, token } = plan;
    const job = {
      format: 1,
      kind: 'capture',
      run,
      token,
      tool: TOOL,
      number,
      attempt,
      range: sealed,
    } as const;
    const context = this.#context(this.#connect(), hooks.signal);
    if (kind === 'worker') {
      // Small limits: it gives the end of its range away.
      const limits = { objects: 1 + this.chance.below(20), bytes: 100_000, ms: 60_000 };
      await workOnShard(context, job, hooks, this.chance.is(0.3) ? limits : undefined);
      return;
    }
    if (kind === 'old') {
      const old = this.chance.is(0.5) ? { ...job, token: newToken() } : { ...job, tool: 'older' };
      await workOnShard(context, old, hooks);
      this.#note('a worker of another run was not refused');
      return;
    }
    const there = await readPlan(this.#destination, run);
    if (there === undefined) throw new MangamotionError('refused', 'no plan');
    const range = (await sealOf(this.#destination.vault, there)).open(sealed);
    const planned = there.shards.find((shard) => shard.range.bucket === range.bucket);
    const isGone = planned?.gone;
    if (kind === 'foreign') {
      // Somebody else's part: of another plan, or without the signature that the run demands.
      const isSigned = this.protection === 'signed' || this.protection === 'both';
      const destination = isSigned ? this.#foreign : this.#destination;
      const forged = isSigned ? there : { ...there, token: newToken() };
      const store = this.#forgery.connect();
      this.counts.forged += 1;
      await captureShard(
        { ...context, store, destination },
        { ...forged, earlier: null },
        { number, range },
      );
      return;
    }
    const middle = this.#middleOf(range.after, range.through);
    if (middle === undefined) throw new MangamotionError('refused', 'cannot be split');
    const half = { ...range, through: middle };
    if (kind === 'splits') {
      await captureShard(context, there, { number, range: half, isGone });
      return;
    }
    const made = await captureShard(context, there, { number, range, isGone });
    if (this.protection !== 'plain') return;
    this.counts.forged += 1;
    const path = join(this.folder, made.id + SUMMARY_SUFFIX);
    const decoded = decodeSummary(await readFile(path));
    if (decoded.kind !== 'valid' || decoded.summary.shard === undefined) return;
    const shard = { ...decoded.summary.shard, range: half };
    await writeFile(path, encodeSummary({ ...decoded.summary, shard }));
  }

  #middleOf(after: string | null, through: string | null): string | undefined {
    const within = KEYS.filter(
      (key) =>
        (after === null || Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0) &&
        (through === null || Buffer.compare(Buffer.from(key), Buffer.from(through)) < 0),
    );
    return within.length === 0 ? undefined : this.chance.of(within);
  }

  // What is needed

  #context(store: ObjectStore, signal = new AbortController().signal): BackupContext {
    const clock: Clock = {
      now: () => new Date(this.clock.nowMs()),
      sleep: async (ms) => {
        if (ms < 100) await sleep(ms);
        else this.clock.advance(ms);
      },
    };
    const progress = { ...NO_PROGRESS, warn: (line: string) => this.#note(`  ${line}`) };
    return { store, destination: this.#destination, clock, signal, progress, tool: TOOL };
  }

  #options() {
    const selection = { only: [], excluded: [] };
    const guard = {
      acceptDeletions: true,
      acceptChanges: true,
      expectDeletions: new Map<string, number>(),
    };
    return { selection, ignoreFreeSpace: true, waitLockMs: 0, guard };
  }

  #note(line: string): void {
    this.#log.push(line);
  }

  /** The named runs that may go on. */
  async #goingOn(): Promise<{ run: string; name: string }[]> {
    const found: { run: string; name: string }[] = [];
    for (const { id, hasPlan, isCommitted } of await findRuns(this.#destination)) {
      if (!hasPlan || isCommitted) continue;
      const plan = await readPlan(this.#destination, id);
      const ageMs = this.clock.nowMs() - Date.parse(plan?.created_at ?? '');
      if (plan !== undefined && plan.name !== null && ageMs < (NAMED_RUN_HOURS - 1) * 3_600_000)
        found.push({ run: id, name: plan.name });
    }
    return found;
  }

  // The laws

  async #checkNew(fromMs: number): Promise<string[]> {
    const wrong: string[] = [];
    for (const backup of await this.#reading.list()) {
      if (this.#checked.has(backup.id)) continue;
      this.#checked.add(backup.id);
      const read = await readBackup(this.#reading, backup);
      if (Array.isArray(read)) {
        wrong.push(...read);
        continue;
      }
      this.counts.committed += 1;
      const { summary } = read;
      if (summary.status === 'partial') this.counts.partial += 1;
      const window = {
        fromMs: Math.min(fromMs, Date.parse(summary.created_at)),
        untilMs: Date.parse(summary.finished_at),
      };
      const selected = (bucket: string): boolean =>
        this.store.lives
          .get(bucket)
          ?.some((life) => life.fromMs <= window.fromMs && life.untilMs >= window.untilMs) === true;
      wrong.push(...isInOrder(read), ...countsAgree(read));
      wrong.push(...agreesWithStore(this.store, read, window, selected));
    }
    return wrong;
  }

  /** No key of an object is in plain text in a file or an offer of an encrypted run. */
  async #nothingLeaks(): Promise<string[]> {
    if (this.protection !== 'encrypted' && this.protection !== 'both') return [];
    const wrong: string[] = [];
    for (const name of await this.names()) {
      const bytes = await readFile(join(this.folder, name)).catch(() => Buffer.alloc(0));
      if (bytes.includes(MARK) || name.includes(MARK)) wrong.push(`${name} shows a key`);
    }
    for (const text of this.#engines.flatMap(({ seen }) => seen)) {
      if (text.includes(MARK)) wrong.push(`an offer shows a key: ${text}`);
    }
    return wrong;
  }
}
