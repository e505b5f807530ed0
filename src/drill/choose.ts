import { createHash } from 'node:crypto';
import type { BackupEntry } from '../repository/destination.js';
import {
  type Choice,
  type LineScope,
  type Wanted,
  chooseBackup,
} from '../repository/choose-backup.js';

export type Pick = 'newest' | 'random';

export interface DrillChoice {
  /** What `restore --latest` would take. */
  newest: Choice;
  /** What is restored: the newest, or an older one that was drawn. */
  used: Choice;
  pick: Pick;
}

/** One of so many drills takes an older backup. */
const DRAWN_EVERY = 4;
const DRAWS = 32;

/** Returns which backup a drill takes after so many earlier ones of its scenario. */
export function pickAfter(earlierDrills: number): Pick {
  return earlierDrills % DRAWN_EVERY === DRAWN_EVERY - 1 ? 'random' : 'newest';
}

/**
 * Chooses as `restore --latest` does, or for `random` an older backup that could be used at its time.
 * The draw depends on the seed alone. Throws as `chooseBackup` does. Where there is no older one,
 * the newest is taken.
 */
export function chooseForDrill(
  backups: readonly BackupEntry[],
  location: string,
  { pick, seed, line }: { pick: Pick; seed: string; line: string | undefined },
  wanted: Wanted = 'objects',
): DrillChoice {
  const scope: LineScope = { line, ambiguous: 'widest' };
  const newest = chooseBackup(backups, undefined, location, wanted, scope);
  if (pick === 'newest') return { newest, used: newest, pick };
  const older = backups.filter(({ id, summary }) => {
    return id !== newest.backup.id && summary.kind === 'valid';
  });
  for (let draw = 0; draw < DRAWS && older.length > 0; draw++) {
    const drawn = older[numberOf(`${seed} ${draw}`) % older.length];
    if (drawn?.summary.kind !== 'valid') continue;
    const until = new Date(drawn.summary.summary.created_at);
    const used = usableBy(backups, until, location, { line: newest.line }, wanted);
    if (used !== undefined && used.backup.id !== newest.backup.id) {
      return { newest, used, pick: 'random' };
    }
  }
  return { newest, used: newest, pick: 'newest' };
}

function usableBy(
  backups: readonly BackupEntry[],
  until: Date,
  location: string,
  scope: LineScope,
  wanted: Wanted,
): Choice | undefined {
  try {
    return chooseBackup(backups, until, location, wanted, scope);
  } catch {
    // None was usable at that time: another is drawn.
    return undefined;
  }
}

function numberOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** Returns why the chosen backup is not what an operator counts on. */
export function doubtsOf({ newest, used }: DrillChoice): string[] {
  const { summary } = used.backup;
  const status = summary.kind === 'valid' ? summary.summary.status : 'damaged';
  const own = status === 'complete' || (status === 'suspect' && used.backup.accepted === true);
  const [passedOver] = newest.passedOver;
  return [
    ...(own ? [] : [`${used.backup.id} is ${status}`]),
    ...(passedOver === undefined
      ? []
      : [`the newest backup, ${passedOver.id}, cannot be used: ${passedOver.reason}`]),
  ];
}

const SHARE_STEPS = 2 ** 32;

/** Returns a rule that takes a share of all objects, the same ones for the same seed. */
export function sampler(
  share: number,
  seed: string,
): ((object: { bucket: string; key: string }) => boolean) | undefined {
  if (share >= 1) return undefined;
  return ({ bucket, key }) => numberOf(`${seed}\n${bucket}\n${key}`) < share * SHARE_STEPS;
}
