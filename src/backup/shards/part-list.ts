import { isMangamotionError } from '../../errors.js';
import type { BackupEntry, Destination } from '../../repository/destination.js';
import { SUMMARY_SUFFIX, partIdOf, partOf, splitIdOf } from '../../repository/names.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { sealOf } from '../../repository/runs/runs.js';
import { readSplit } from '../../repository/runs/splits.js';
import type { KeyRange, Summary } from '../../repository/summary.js';
import { signedForUse } from '../plan/signed.js';

/** A part of a run whose manifest is there, and is one of this run. */
export interface FoundPart {
  id: string;
  range: KeyRange;
  /** The manifest; that of an encrypted part only counts what its sidecar names. */
  manifest: Summary;
  entry: BackupEntry;
}

/** The parts of a run at the destination, which workers add to. */
export class PartList {
  readonly #destination: Destination;
  readonly #plan: RunPlan;
  readonly #warn: (line: string) => void;
  readonly #found = new Map<string, FoundPart>();
  readonly #refused = new Set<string>();
  readonly #borders = new Map<string, KeyRange | undefined>();
  /** The parts of ranges that this head has given up. */
  readonly #givenUp = new Set<string>();

  constructor(destination: Destination, plan: RunPlan, warn: (line: string) => void) {
    this.#destination = destination;
    this.#plan = plan;
    this.#warn = warn;
  }

  get parts(): FoundPart[] {
    return [...this.#found.values()];
  }

  /** The ranges that workers have given away. */
  get givenAway(): KeyRange[] {
    return [...this.#borders.values()].filter((range) => range !== undefined);
  }

  /** Takes a part that this head has written of a range that it gave up. Those of earlier heads are tried again. */
  takeGivenUp(id: string): void {
    this.#givenUp.add(id);
  }

  /** Looks for new parts. A part of which anything is not as it must be is named once, and not taken. */
  async refresh(): Promise<void> {
    const names = await this.#destination.files().names(this.#plan.run);
    for (const id of this.#found.keys()) {
      if (!names.has(id + SUMMARY_SUFFIX)) this.#found.delete(id);
    }
    for (const name of names.keys()) {
      if (splitIdOf(name) === this.#plan.run && !this.#borders.has(name)) {
        this.#borders.set(name, await readSplit(this.#destination, this.#plan, name));
      }
      const id = name.endsWith(SUMMARY_SUFFIX) ? partIdOf(name) : undefined;
      if (id === undefined || partOf(id)?.backup !== this.#plan.run) continue;
      if (this.#found.has(id) || this.#refused.has(id)) continue;
      const part = await this.#read(id, names);
      if (typeof part === 'string') this.refuse(id, part);
      else if (part.manifest.shard?.given_up === true && !this.#givenUp.has(id)) {
        this.refuse(id, 'an earlier head gave up on its range, which is now tried again');
      } else this.#found.set(id, part);
    }
  }

  /** Stops using a part, and says why. */
  refuse(id: string, why: string): void {
    this.#found.delete(id);
    this.#refused.add(id);
    this.#warn(`${id} is not used: ${why}`);
  }

  /** Resolves to the part, or to why it is none of this run's. */
  async #read(
    id: string,
    names: ReadonlyMap<string, number | undefined>,
  ): Promise<FoundPart | string> {
    let entry: BackupEntry;
    try {
      const checked = await signedForUse(this.#destination, await this.#destination.read(id));
      if ('why' in checked) return checked.why;
      entry = checked.backup;
    } catch (error) {
      if (!isMangamotionError(error, 'not_found')) throw error;
      return error.message;
    }
    if (entry.summary.kind !== 'valid') {
      return entry.summary.kind === 'damaged' ? entry.summary.reason : 'a newer version wrote it';
    }
    const manifest = entry.summary.summary;
    const why = whyNotOf(this.#plan, id, manifest) ?? whyNotLong(manifest, names, entry);
    if (why !== undefined) return why;
    if (manifest.shard === undefined) return 'it has no range';
    try {
      const seal = await sealOf(this.#destination.vault, this.#plan);
      const range = seal.open(manifest.shard.range);
      if (isGone(this.#plan, range) !== (manifest.shard.gone === true)) {
        return `${range.bucket} has come or gone since it was captured`;
      }
      return { id, manifest, entry, range };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return error.message;
    }
  }
}

/** Whether the store has no such bucket, by the plan. */
export function isGone({ shards }: Pick<RunPlan, 'shards'>, { bucket }: KeyRange): boolean {
  return shards.some(({ gone, range }) => gone === true && range.bucket === bucket);
}

/** Returns why a manifest is not one of the run; `undefined` if it is. */
function whyNotOf(plan: RunPlan, id: string, manifest: Summary): string | undefined {
  const { shard, encryption } = manifest;
  if (manifest.id !== id) return `its manifest is that of ${manifest.id}`;
  if (shard?.run !== plan.run) return 'its manifest is not that of a part of this run';
  if (shard.token !== plan.token) return 'it belongs to another plan of the same name';
  if (manifest.type !== plan.type) return `it is a part of a backup of type ${manifest.type}`;
  const isEncrypted = encryption !== undefined;
  if (isEncrypted !== plan.recipients.length > 0) {
    return isEncrypted
      ? 'it is encrypted, and the run is not'
      : 'it is not encrypted, and the run is';
  }
  const lacking = plan.recipients.filter((one) => encryption?.recipients.includes(one) !== true);
  return lacking.length === 0 ? undefined : 'it is encrypted for other recipients';
}

function whyNotLong(
  { archive: { file }, archive_bytes: bytes }: Summary,
  names: ReadonlyMap<string, number | undefined>,
  entry: BackupEntry,
): string | undefined {
  if (!names.has(file)) return `${file} is missing`;
  const found = names.get(file) ?? entry.archiveBytes;
  return found === bytes ? undefined : `${file} has another length than its manifest says`;
}
