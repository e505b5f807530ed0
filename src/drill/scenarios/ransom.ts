import { setTimeout as delay } from 'node:timers/promises';
import { APPEND_ONLY_SETTING } from '../../config/hints.js';
import { countOf } from '../../count-of.js';
import { MangamotionError, isMangamotionError, messageOf } from '../../errors.js';
import { formatBytes } from '../../format-bytes.js';
import type { BucketPlace } from '../../repository/backup-files.js';
import type { BackupEntry } from '../../repository/destination.js';
import { NO_VAULT } from '../../repository/encryption/vault.js';
import { lockSetAt } from '../../repository/lock-record.js';
import { S3Destination } from '../../repository/s3/s3-destination.js';
import { openStoredAt } from '../../repository/s3/stored-at.js';
import { requireSigned } from '../../repository/signed-backup.js';
import { chooseForDrill } from '../choose.js';
import type { DrillContext, DrillOptions, DrillTarget } from '../context.js';
import { journalOf } from '../journal.js';
import { type Aftermath, looksWhole, lookAtCopies } from '../ransom/aftermath.js';
import { type Attack, type Target, attackCopies } from '../ransom/attack.js';
import { findingsOf } from '../ransom/findings.js';
import { noLongerLocked, readRealLocks } from '../ransom/real-locks.js';
import { type Rehearsal, openRehearsal } from '../ransom/rehearsal.js';
import type { DrillResult } from '../result.js';
import { type Subject, chooseSubject, clockOf, unlessUnfit } from './ransom-subject.js';
import { Untried, verify } from './restore-choice.js';
import { copyAndLock } from './ransom-copies.js';
import { type Found, nothingFound, resultOf } from './restore-result.js';
import { restoreBeside } from './restore.js';
import { chooseScope } from './scope.js';

/** What is not attacked, because the real backups need it and the damage could not be undone. */
const SPARED =
  'the settings of the bucket (versioning, object lock, policy, lifecycle) and the real backups';
/** The times of servers may have a resolution of a second. */
const APART_MS = 2100;
/**
 * Copies the newest backup into a place of its own in the bucket of the destination, locks the copy as the
 * backup is locked, does to it whatever the keys of this host may do, and restores what is left. Resolves
 * to a result whatever fails; rejects only with the signal's reason and with errors of this program.
 */
export async function drillRansom(
  context: DrillContext,
  options: DrillOptions,
): Promise<DrillResult> {
  const decidedAtMs = context.now().getTime();
  const found = nothingFound();
  let failure: string | undefined;
  let untried: string | undefined;
  try {
    await rehearse(context, options, found);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    if (error instanceof Untried) untried = error.message;
    else failure = error.message;
  }
  const { doubts, unproven } = found.findings;
  if (found.attack !== undefined && untried !== undefined) {
    // The findings of the attack count, although nothing was restored.
    unproven.push(untried);
    untried = undefined;
  }
  // Keys that may delete nothing leave the entry to other drills; a warning has said so.
  if (found.attack?.may_delete === false) found.leftovers.length = 0;
  if (failure !== undefined && doubts.length > 0) {
    doubts.push(failure);
    failure = undefined;
  }
  return resultOf('ransom', options, found, { failure, untried, decidedAtMs });
}

/** Returns why a drill of everything leaves this scenario out; `undefined` if it does not. */
export async function whyNoRansom(
  { destination }: Pick<DrillContext, 'destination'>,
  line: string | undefined,
): Promise<string | undefined> {
  if (destination.files().place === undefined) return 'the destination is no bucket';
  if (destination.appendOnly === true) return APPEND_ONLY_SETTING;
  let backups: BackupEntry[];
  try {
    backups = await destination.list();
  } catch (error) {
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    // Whether the backups are locked is not known. The drill fails, and says why.
    return undefined;
  }
  try {
    const pick = { pick: 'newest', seed: '', line } as const;
    const { newest } = chooseForDrill(backups, destination.location, pick);
    const { summary } = newest.backup;
    const isLocked =
      summary.kind === 'valid' && lockSetAt(destination.location, summary.summary) !== undefined;
    return isLocked ? undefined : `${newest.backup.id} is not locked (--lock-days)`;
  } catch (error) {
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    return messageOf(error);
  }
}

async function rehearse(context: DrillContext, options: DrillOptions, found: Found): Promise<void> {
  const { note, signal, warn } = context;
  const subject = await chooseSubject(context, options, found);
  const { id } = subject.located.backup;
  note(
    `ransom: chose ${id}, ${formatBytes(subject.bytes)} in ${countOf(subject.files.length, 'file')}`,
  );
  const target = await unlessUnfit(context.openTarget());
  const { place: destination } = subject.from;
  const rehearsal = await unlessUnfit(
    openRehearsal({ ...journalOf(context, target.store, options.prefix), destination }),
  );
  try {
    await attackAndRecover(context, options, found, { subject, target, rehearsal });
  } catch (error) {
    if (!rehearsal.place.signal.aborted || signal.aborted) throw error;
    throw new Untried(messageOf(rehearsal.place.signal.reason));
  } finally {
    context.progress.start('removing the copies of the drill');
    await endRehearsal(rehearsal, found, warn);
  }
}

interface Parts {
  subject: Subject;
  target: DrillTarget;
  rehearsal: Rehearsal;
}

async function attackAndRecover(
  context: DrillContext,
  options: DrillOptions,
  found: Found,
  { subject, target, rehearsal }: Parts,
): Promise<void> {
  const { place } = rehearsal;
  const { progress, destination, note } = context;
  const { id } = subject.located.backup;
  const nowMs = clockOf(context);
  const copy = new S3Destination(place, NO_VAULT);
  const preparing = copyAndLock(context, options, { subject, rehearsal, copy });
  const targets = await unlessUnfit(preparing);
  await delay(APART_MS, undefined, { signal: place.signal }).catch(() => {
    throw place.signal.reason as Error;
  });
  progress.start('attacking the copy');
  progress.update({ objects: 0, objectsTotal: targets.length });
  const onDone = (objects: number) => progress.update({ objects });
  const attack = await attackCopies(place, targets, { nowMs, onDone });
  found.attack = attackResult(targets, attack);
  note(`ransom: attacked the copy of ${id}, and restores what is left of it`);
  const seen = await lookAfterwards(place, copy, { id, targets, attack, nowMs });
  const { doubts, unproven } = findingsOf({ targets, attack, ...seen });
  found.findings.doubts.push(...doubts);
  found.findings.unproven.push(...unproven);
  const at = seen.aftermath?.writtenAt ?? new Date(nowMs());
  await recoverAsStored(context, options, found, { subject, place, at, target });
  const ids = subject.archives.map((archive) => archive.id);
  const after = await unlessUnfit(readRealLocks(destination, ids, nowMs));
  const [ended] = noLongerLocked(subject.real, after);
  if (ended === undefined) return;
  found.findings.doubts.push(`${ended} of the real backup is not locked any more`);
}

interface Seen {
  aftermath: Aftermath | undefined;
  unseen: string | undefined;
  isUntouched: boolean;
}

async function lookAfterwards(
  place: BucketPlace,
  copy: S3Destination,
  about: Parameters<typeof lookAtCopies>[2] & { id: string; targets: readonly Target[] },
): Promise<Seen> {
  try {
    const aftermath = await lookAtCopies(place, about.targets, about);
    const entry = (await copy.list()).find(({ id }) => id === about.id);
    return { aftermath, unseen: undefined, isUntouched: looksWhole(entry) };
  } catch (error) {
    place.signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    return { aftermath: undefined, unseen: error.message, isUntouched: false };
  }
}

function attackResult(targets: readonly Target[], attack: Attack): DrillResult['attack'] {
  const locks = targets.map(({ lock }) => lock).filter((lock) => lock !== null);
  const weakest = locks.find(({ mode }) => mode === 'GOVERNANCE') ?? locks[0];
  return {
    ...{ files: targets.length, locked: locks.length, mode: weakest?.mode ?? null },
    may_delete: attack.mayDelete ?? null,
    tried: attack.counts,
    ...{ spared: SPARED, left: null, left_until: null },
  };
}

interface Recovery {
  subject: Subject;
  place: BucketPlace;
  /** When the last of the copies was written, by the server. */
  at: Date;
  target: DrillTarget;
}

/** Restores the copy as it was stored before the attack, as \`restore --as-stored-at\` does. */
async function recoverAsStored(
  context: DrillContext,
  options: DrillOptions,
  found: Found,
  { subject, place, at, target }: Recovery,
): Promise<void> {
  const { steps } = found;
  const { id } = subject.located.backup;
  const archive = subject.archives.at(-1);
  context.progress.start('listing');
  try {
    const { destination, backup } = await steps.time('choose', async () => {
      const store = await openStoredAt(place.store, place, {
        ...{ at, trustFirstVersions: false, signers: context.destination.vault.signers },
      });
      const past = new S3Destination({ ...place, store }, await context.openVault());
      const entry = (await past.list()).find((one) => one.id === id);
      if (entry !== undefined) return { destination: past, backup: entry };
      throw new MangamotionError(
        'not_found',
        `the copy of ${id} is not there as it was stored before the attack`,
      );
    });
    const located = await requireSigned({ destination, backup });
    await steps.time('verify', () => verify(context, located, true));
    const scope = await steps.time('choose', () => chooseScope('ransom', located));
    await restoreBeside('ransom', context, options, found, { located, scope, target });
  } catch (error) {
    // The keys that this host has for its own backups do not tell whether others open them.
    const isClosed = isMangamotionError(error, 'access_denied') && archive?.encryption;
    if (isClosed === undefined || isClosed === false) throw error;
    throw new Untried(messageOf(error));
  }
}

/** What is locked stays, and is cleared by a later drill. */
async function endRehearsal(
  rehearsal: Rehearsal,
  { attack }: Found,
  warn: (line: string) => void,
): Promise<void> {
  const { place } = rehearsal;
  const leave = (until: string | null): void => {
    if (attack !== undefined) Object.assign(attack, { left: place.url, left_until: until });
  };
  try {
    const { left, reason = '', lockedUntil } = await rehearsal.end();
    if (left === 0) return;
    leave(lockedUntil ?? null);
    if (lockedUntil !== undefined) return;
    warn(`${countOf(left, 'version')} of the drill stay in ${place.url}: ${reason}`);
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    leave(null);
    warn(`what the drill has put into ${place.url} was not removed: ${messageOf(error)}`);
  }
}
