import { listContents } from '../../../src/backup/contents.js';
import type { IndexLine } from '../../../src/archive/index-line.js';
import { type MangamotionError, isMangamotionError } from '../../../src/errors.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { locateBackup } from '../../../src/repository/locate.js';
import type { Summary } from '../../../src/repository/summary.js';
import type { RestoreReport } from '../../../src/restore/report.js';
import { join } from 'node:path';
import {
  backUp,
  backUpChanges,
  restoreInto,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../../helpers/backups.js';
import { startOddProxy, type OddProxy } from '../../helpers/odd-proxy.js';
import type { OddRequest } from '../../helpers/odd-messages.js';
import { seed, snapshot, type SeedObject } from '../../helpers/seed.js';
import {
  addressOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';
import { CHANGES, CONTENT, OTHER, plain } from './content.js';
import type { Restored, TakenBackup, Truth } from './law.js';
import type { Phase, Place, Quirk } from './quirk.js';

export interface BackupRun {
  requests: readonly OddRequest[];
  truth: Truth;
  /** What became of it. */
  taken: TakenBackup | MangamotionError;
  /** What `verify` says of the backup. */
  verified?: string;
}

export interface RestoreRun {
  of: TakenBackup;
  report: RestoreReport | MangamotionError;
  restored: Restored;
  before: Restored;
}

/** What a quirk is judged by. */
export interface QuirkRun {
  place: Place;
  backups: Partial<Record<Phase, BackupRun>>;
  restore?: RestoreRun;
}

/** Full, incremental, where wanted another full, verify after each, and a restore of the last. */
export async function runQuirk(quirk: Quirk): Promise<QuirkRun> {
  const proxy = await startOddProxy();
  const clean = await startOddProxy();
  const odd = testStore(addressOf(proxy.endpoint));
  const right = testStore(addressOf(clean.endpoint));
  const { folder, remove } = temporaryFolder();
  const place = {
    bucket: await freshBucket(right),
    other: await freshBucket(right),
    target: freshBucketName(),
  };
  try {
    return await new Runner(quirk, { proxy, odd, right, folder, place }).run();
  } finally {
    odd.close();
    await proxy.close();
    for (const bucket of Object.values(place)) {
      if (await right.bucketExists(bucket)) await removeBucket(right, bucket);
    }
    right.close();
    await clean.close();
    remove();
  }
}

interface Setup {
  proxy: OddProxy;
  /** The store with the quirk, and without. */
  odd: ObjectStore;
  right: ObjectStore;
  folder: string;
  place: Place;
}

class Runner {
  readonly #quirk: Quirk;
  readonly #setup: Setup;
  readonly #objects = new Map<string, SeedObject>();

  constructor(quirk: Quirk, setup: Setup) {
    this.#quirk = quirk;
    this.#setup = setup;
  }

  async run(): Promise<QuirkRun> {
    const { odd, right, folder, place } = this.#setup;
    const run: QuirkRun = { place, backups: {} };
    const store = withQuickRetries(odd);
    const buckets = this.#quirk.withOther === true ? [place.bucket, place.other] : [place.bucket];
    await this.#write([...CONTENT, ...(this.#quirk.objects ?? [])]);
    await seed(right, place.other, OTHER);
    run.backups.full = await this.#backUp('full', () => backUp(store, folder, buckets));
    await this.#change();
    const incremental = () => backUpChanges(store, folder, buckets);
    run.backups.incremental = await this.#backUp('incremental', incremental);
    if (this.#quirk.again !== undefined) {
      run.backups.again = await this.#backUp('again', () => backUp(store, folder, buckets));
    }
    const last = [run.backups.incremental, run.backups.full]
      .map(({ taken }) => taken)
      .find((taken): taken is TakenBackup => !(taken instanceof Error));
    if (last !== undefined) run.restore = await this.#restore(last);
    return run;
  }

  async #write(objects: readonly SeedObject[]): Promise<void> {
    await seed(this.#setup.right, this.#setup.place.bucket, objects);
    for (const object of objects) this.#objects.set(object.key, object);
  }

  async #change(): Promise<void> {
    const { right, place } = this.#setup;
    for (const key of CHANGES.deleted) {
      await right.deleteObject(place.bucket, key);
      this.#objects.delete(key);
    }
    await this.#write(CHANGES.written);
  }

  #truth(): Truth {
    const { bucket, other } = this.#setup.place;
    const others = new Map(OTHER.map((object) => [object.key, object]));
    return new Map([
      [bucket, new Map(this.#objects)],
      ...(this.#quirk.withOther === true ? [[other, others] as const] : []),
    ]);
  }

  async #during<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    const { proxy, place } = this.#setup;
    const isOdd = this.#quirk.during?.includes(phase) ?? true;
    proxy.be(isOdd ? this.#quirk.server(place) : {});
    proxy.requests.length = 0;
    try {
      return await work();
    } finally {
      proxy.be();
    }
  }

  async #backUp(phase: Phase, work: () => Promise<Summary>): Promise<BackupRun> {
    const { proxy, folder } = this.#setup;
    const summary = await this.#during(phase, work).catch(ours);
    const common = { requests: [...proxy.requests], truth: this.#truth() };
    if (summary instanceof Error) return { ...common, taken: summary };
    const lines = await linesOf(folder, summary.id);
    const { status } = await verify(folder, summary.id);
    return { ...common, taken: { summary, lines }, verified: status };
  }

  async #restore(of: TakenBackup): Promise<RestoreRun> {
    const { odd, folder, place } = this.#setup;
    const before = await this.#prepareTarget();
    const names = { from: place.bucket, to: place.target };
    const options = { deleteExtra: this.#quirk.target === 'has extras' };
    const report = await this.#during('restore', () =>
      restoreInto(withQuickRetries(odd), folder, of.summary.id, names, options),
    ).catch(ours);
    const restored = await this.#snapshotOfTarget();
    return { of, report, restored, before };
  }

  async #prepareTarget(): Promise<Restored> {
    const { right, place } = this.#setup;
    const { target } = this.#quirk;
    if (target === undefined) return new Map();
    await right.createBucket(place.target);
    if (target === 'versioned') {
      await right.writeBucketDocument(place.target, 'versioning', Buffer.from(VERSIONING));
    }
    if (target === 'has extras')
      await seed(right, place.target, [plain('extra/1'), plain('extra/2')]);
    return await this.#snapshotOfTarget();
  }

  async #snapshotOfTarget(): Promise<Restored> {
    const { right, place } = this.#setup;
    if (!(await right.bucketExists(place.target))) return new Map();
    return await snapshot(right, place.target);
  }
}

const VERSIONING =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';

/** Errors that users see are results here; all others are thrown. */
function ours(error: unknown): MangamotionError {
  if (isMangamotionError(error)) return error;
  throw error;
}

async function linesOf(folder: string, id: string): Promise<IndexLine[]> {
  const lines: IndexLine[] = [];
  const located = await locateBackup(join(folder, id));
  for await (const line of listContents(located, { buckets: [], keys: [], prefixes: [] }))
    lines.push(line);
  return lines;
}
