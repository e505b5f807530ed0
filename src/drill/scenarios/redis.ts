import { randomUUID } from 'node:crypto';
import { EMPTY_REDIS_HINT } from '../../config/hints.js';
import { isMangamotionError, messageOf } from '../../errors.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { requireSigned } from '../../repository/signed-backup.js';
import { openCommitted } from '../../repository/open-backup.js';
import { isPartialRedis } from '../../restore/redis/report.js';
import { planRedisRestore } from '../../restore/redis/restore-redis.js';
import { checkFailure } from '../check.js';
import { type DrillChoice, chooseForDrill, doubtsOf } from '../choose.js';
import type { DrillContext, DrillOptions, DrillRedis } from '../context.js';
import { Differences } from '../differences.js';
import { LONGEST_REASON } from '../limits.js';
import { claimRedis } from '../redis/claim.js';
import { compareReports, trackerFault } from '../redis/prove-redis.js';
import type { DrillResult } from '../result.js';
import { Steps, rounded } from '../steps.js';
import { judge } from '../verdict.js';
import { Untried, verify } from './restore-choice.js';

interface Found {
  steps: Steps;
  differences: Differences;
  choice: DrillChoice | undefined;
  done: { objects: number; bytes: number };
  isRecovered: boolean;
  check: DrillResult['check'];
  leftovers: string[];
}

/**
 * Restores the keys of a backup into an empty Redis, compares every key and the reports of every user
 * with the backup, and counts with the tracker. Resolves to a result whatever fails; rejects only with
 * the signal's reason and with errors of this program.
 */
export async function drillRedis(
  context: DrillContext,
  options: DrillOptions,
): Promise<DrillResult> {
  const decidedAtMs = context.now().getTime();
  const found: Found = {
    ...{ steps: new Steps(), differences: new Differences(), choice: undefined },
    ...{ done: { objects: 0, bytes: 0 }, isRecovered: false, check: undefined, leftovers: [] },
  };
  let failure: string | undefined;
  let untried: string | undefined;
  try {
    await recover(context, options, found);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    if (error instanceof Untried) untried = error.message;
    else failure = error.message;
  }
  return resultOf(options, found, { failure, untried, decidedAtMs });
}

async function recover(context: DrillContext, options: DrillOptions, found: Found): Promise<void> {
  const { destination, progress, signal, note } = context;
  const { steps } = found;
  progress.start('listing');
  const choice = await steps.time('choose', () => choose(context, options));
  found.choice = choice;
  const { backup } = choice.used;
  note(`redis: chose ${backup.id}${choice.pick === 'random' ? ', an older one' : ''}`);
  const located = await requireSigned({ destination, backup });
  await steps.time('verify', () => verify(context, located, false));
  const target = await context.openRedis?.();
  if (target === undefined) {
    throw new Untried(
      `there is no Redis to restore into: ${EMPTY_REDIS_HINT}, or install redis-server`,
    );
  }
  try {
    const claim = await claimRedis(target.redis);
    try {
      await restoreInto(context, options, found, located, target);
    } finally {
      if (!options.keep || signal.aborted) {
        await claim.release().catch((error: unknown) => found.leftovers.push(messageOf(error)));
      }
    }
  } finally {
    await target.close();
  }
}

/** A backup of objects alone proves nothing about Redis: that is another thing than one that is broken. */
async function choose({ destination }: DrillContext, options: DrillOptions): Promise<DrillChoice> {
  const backups = await destination.list();
  const holds = backups.some(
    ({ summary }) => summary.kind === 'valid' && summary.summary.redis !== undefined,
  );
  if (!holds) throw new Untried('the backup holds no Redis data');
  return chooseForDrill(backups, destination.location, options, 'redis');
}

async function restoreInto(
  context: DrillContext,
  options: DrillOptions,
  found: Found,
  located: LocatedBackup,
  { redis, text }: DrillRedis,
): Promise<void> {
  const { steps, differences, done } = found;
  const { progress, signal } = context;
  const onProgress = (objects: number) => progress.update({ objects });
  const restoring = { redis, signal, onProgress };
  const how = { way: 'higher', patterns: [] } as const;
  progress.start('comparing');
  const planned = await steps.time('plan', () => planRedisRestore(restoring, located, how, false));
  try {
    progress.start('restoring');
    const report = await steps.time('restore', () => planned.apply({ keys: 0 }));
    for (const { key, reason } of report.failures) {
      differences.add({ bucket: 'redis', field: 'key', reason }, [key]);
    }
    differences.omitted += report.failures_omitted;
    if (isPartialRedis(report) && report.failures.length === 0) {
      const reason = report.problems[0] ?? 'counters are lower than in the backup';
      differences.add({ bucket: 'redis', field: 'backup', reason }, [], 1);
    }
    done.objects = report.restored;
  } finally {
    await planned.close();
  }
  progress.start('reading back');
  await steps.time('prove', () => prove(context, found, located, redis));
  found.isRecovered = true;
  if (options.check === undefined) return;
  progress.start('running the test of --check');
  const place = {
    scenario: 'redis',
    backup: located.backup.id,
    server: text,
    buckets: {},
  } as const;
  found.check = await options.check(place, signal);
}

/** Every key is the same, every report has the same figures, and the tracker counts on. */
async function prove(
  { signal }: DrillContext,
  { differences, done }: Found,
  located: LocatedBackup,
  redis: DrillRedis['redis'],
): Promise<void> {
  const restoring = { redis, signal, onProgress: () => undefined };
  const again = await planRedisRestore(restoring, located, { way: 'higher', patterns: [] }, true);
  await again.close();
  const { create, lower, higher, other } = again.report.keys;
  const different = create + lower + higher + other;
  if (different > 0) {
    const reason = 'the key is not as in the backup after the restore';
    differences.add({ bucket: 'redis', field: 'key', reason }, [], different);
  }
  const opened = await openCommitted(located);
  try {
    done.bytes = opened.summary.redis?.bytes ?? 0;
    const user = await compareReports(redis, opened, differences, signal);
    if (user === undefined) return;
    const reason = await trackerFault(redis, user, randomUUID());
    if (reason !== undefined)
      differences.add({ bucket: 'redis', field: 'tracker', reason }, [user]);
  } finally {
    await opened.archives.close();
  }
}

function resultOf(
  { objectives, pick }: DrillOptions,
  { steps, differences, choice, done, isRecovered, check, leftovers }: Found,
  why: { failure: string | undefined; untried: string | undefined; decidedAtMs: number },
): DrillResult {
  const newest = choice?.newest.backup;
  const age =
    newest?.summary.kind === 'valid'
      ? rounded((why.decidedAtMs - Date.parse(newest.summary.summary.created_at)) / 1000)
      : null;
  const rto = isRecovered ? rounded(steps.seconds) : null;
  const { verdict, reason } = judge({
    ...{ failure: why.failure, untried: why.untried, share: 1, objects: done.objects },
    doubts: [...(choice === undefined ? [] : doubtsOf(choice)), ...leftovers],
    differences: differences.named,
    differencesOmitted: differences.omitted,
    ...{ rtoSeconds: rto, rtoLimitSeconds: objectives.rtoSeconds },
    ...{ rpoSeconds: age, rpoLimitSeconds: objectives.rpoSeconds },
    checkFailure: checkFailure(check),
  });
  return {
    ...{ scenario: 'redis', verdict },
    ...(reason === undefined ? {} : { reason: reason.slice(0, LONGEST_REASON) }),
    backup: choice?.used.backup.id ?? null,
    pick: choice?.pick ?? pick,
    ...{ rto_seconds: rto, rto_limit_seconds: objectives.rtoSeconds, extrapolated: false },
    ...{ rpo_seconds: age, rpo_limit_seconds: objectives.rpoSeconds },
    ...(newest === undefined || choice?.pick !== 'random' ? {} : { newest: newest.id }),
    ...{ objects: done.objects, bytes: done.bytes, missing_objects: null, missing_bytes: null },
    differences: differences.named,
    ...(differences.omitted > 0 ? { differences_omitted: differences.omitted } : {}),
    steps: steps.all,
    ...(check === undefined ? {} : { check }),
  };
}
