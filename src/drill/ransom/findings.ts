import { countOf } from '../../count-of.js';
import type { Aftermath } from './aftermath.js';
import type { Attack, Target } from './attack.js';

/** What an attack and its aftermath prove. Pure. */

export interface RansomEvidence {
  targets: readonly Target[];
  attack: Attack;
  /** `undefined` if it could not be looked at. */
  aftermath: Aftermath | undefined;
  /** Why not. */
  unseen: string | undefined;
  /** Whether the copy is listed as if nothing had happened. */
  isUntouched: boolean;
}

export interface Findings {
  /** Why the objective is missed. */
  doubts: string[];
  /** Why it is not proven. */
  unproven: string[];
}

/** The next step if some files, or all, are not locked. */
const LOCK_STEP = 'lock the backups (--lock-days, see "mangamotion help security")';
const BYPASS_STEP =
  'use keys without s3:BypassGovernanceRetention, or locks in the mode COMPLIANCE (--lock-mode)';

/** A lock that ended counts even if the data came back, because a real attacker would use it later. */
export function findingsOf(evidence: RansomEvidence): Findings {
  return { doubts: doubtsOf(evidence), unproven: unprovenOf(evidence) };
}

/** What the attack has destroyed and unlocked: an answer that says so counts unless the copies show otherwise. */
function damageOf({ targets, attack, aftermath }: RansomEvidence) {
  const { remaining = [], vanished = [], weakened = [] } = aftermath ?? {};
  const names = targets.map(({ name }) => name);
  const destroyed = names.filter((name) => attack.destroyed.has(name) && !remaining.includes(name));
  const isEnded = (name: string) =>
    aftermath === undefined || [...destroyed, ...vanished, ...weakened].includes(name);
  const unlocked = names.filter((name) => attack.unlocked.has(name));
  return {
    destroyed: new Set(destroyed),
    unlocked: new Set(unlocked.filter(isEnded)),
    untrue: [...remaining, ...unlocked.filter((name) => !isEnded(name))],
  };
}

function doubtsOf(evidence: RansomEvidence): string[] {
  const { targets, attack, aftermath } = evidence;
  const { destroyed, unlocked } = damageOf(evidence);
  const locked = targets.filter(({ lock }) => lock !== null);
  const open = targets.filter(({ lock }) => lock === null);
  const lostLocked = locked.filter(({ name }) => destroyed.has(name));
  const lostOpen = open.filter(({ name }) => destroyed.has(name));
  const { vanished = [], weakened = [] } = aftermath ?? {};
  const all = countOf(targets.length, 'file');
  return [
    ...(lostOpen.length === 0
      ? []
      : [
          `${open.length} of ${all} of the newest backup are not locked, and these keys deleted copies of ${lostOpen.length} for good: ${LOCK_STEP}`,
        ]),
    ...(lostLocked.length === 0
      ? []
      : [
          `these keys deleted ${lostLocked.length} of ${countOf(locked.length, 'locked file')} for good${howBypassed(attack, lostLocked)}`,
        ]),
    ...(unlocked.size === 0 || lostLocked.length > 0
      ? []
      : [`these keys ended ${unlocked.size} of ${countOf(locked.length, 'lock')}: ${BYPASS_STEP}`]),
    ...(vanished.length === 0
      ? []
      : [`the server refused to delete ${vanished[0] ?? ''}, and its version is gone`]),
    ...(weakened.length === 0 || unlocked.size > 0
      ? []
      : [`the server refused to end the lock of ${weakened[0] ?? ''}, and it is shorter now`]),
  ];
}

function howBypassed({ destroyed, unlocked }: Attack, lost: readonly Target[]): string {
  const isBypassed = lost.every(({ name, lock }) => {
    const kinds = [destroyed.get(name), unlocked.get(name)].filter((kind) => kind !== undefined);
    return lock?.mode === 'GOVERNANCE' && kinds.every((kind) => kind.endsWith('_bypass'));
  });
  if (isBypassed) return `, because they may bypass GOVERNANCE: ${BYPASS_STEP}`;
  return ': this server does not keep its locks';
}

function unprovenOf(evidence: RansomEvidence): string[] {
  const { targets, attack, aftermath, unseen, isUntouched } = evidence;
  const { destroyed, untrue } = damageOf(evidence);
  const open = targets.filter(({ lock }) => lock === null);
  const unclear = attack.counts.reduce((sum, one) => sum + one.unclear, 0);
  const hidden = attack.counts.some(
    ({ kind, succeeded }) => ['overwrite', 'delete'].includes(kind) && succeeded > 0,
  );
  return [
    ...(open.length === 0 || destroyed.size > 0
      ? []
      : [
          `${open.length} of ${countOf(targets.length, 'file')} of the newest backup are not locked: these keys could not delete their copies, but other keys may, and the settings of the bucket were not attacked: ${LOCK_STEP}`,
        ]),
    ...(unclear === 0
      ? []
      : [
          `${countOf(unclear, 'attack was', 'attacks were')} neither refused nor carried out, such as ${attack.unclear ?? ''}`,
        ]),
    ...(untrue[0] === undefined
      ? []
      : [`the server accepted an attack on ${untrue[0]}, and shows the copy as it was`]),
    ...(unseen === undefined ? [] : [`what the attack left could not be looked at: ${unseen}`]),
    ...(hidden && isUntouched
      ? ['the server accepted the attack, and shows the copy as if nothing had happened']
      : []),
    ...(aftermath?.undated === undefined
      ? []
      : [
          `the times of the server do not tell the attack on ${aftermath.undated} from what was there before`,
        ]),
    ...(aftermath?.lockEnded === true
      ? ['the locks of the copies ended before the attack did: use --lock-for']
      : []),
  ];
}
