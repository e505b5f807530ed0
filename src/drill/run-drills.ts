import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.js';
import { pickAfter, type Pick } from './choose.js';
import type { DrillContext, DrillOptions } from './context.js';
import { OBJECTIVES, type Scenario } from './objectives.js';
import { type DrillRecord, RECORDS_FOLDER, putRecord } from './records.js';
import type { DrillResult } from './result.js';
import { drillRansom, whyNoRansom } from './scenarios/ransom.js';
import { drillRedis } from './scenarios/redis.js';
import { drillRestore } from './scenarios/restore.js';
import { failedResult } from './scenarios/restore-result.js';

export interface DrillRequest extends Omit<DrillOptions, 'objectives' | 'pick' | 'seed'> {
  scenarios: readonly Scenario[];
  /** Seconds; the table of objectives decides where they are absent. */
  rtoSeconds: number | undefined;
  rpoSeconds: number | undefined;
  /** Absent: one of every four drills draws an older backup. */
  pick: Pick | undefined;
  cold: boolean;
  /** Leave out a scenario that the destination is not made for, instead of failing in it. */
  onlyFitting: boolean;
  /** Earlier drills, on which the draws depend. */
  earlier: readonly DrillRecord[];
  /** Called with each record as soon as its drill has ended. */
  onRecord: (record: DrillRecord) => Promise<void>;
}

/**
 * Runs one scenario after the other, and goes on after a failure. Each leaves a record at the
 * destination. Rejects only with the signal's reason and with errors of this program.
 */
export async function runDrills(
  context: DrillContext,
  request: DrillRequest,
): Promise<DrillRecord[]> {
  const { destination, now, warn } = context;
  const records: DrillRecord[] = [];
  for (const scenario of request.scenarios) {
    context.signal.throwIfAborted();
    if (scenario === 'ransom' && request.onlyFitting) {
      const why = await whyNoRansom(context, request.line);
      if (why !== undefined) {
        context.note(`ransom: left out: ${why}`);
        continue;
      }
    }
    const result = await runOne(scenario, context, optionsFor(scenario, context, request));
    const record: DrillRecord = {
      ...{ at: now().toISOString(), id: randomUUID() },
      ...{ destination: destination.location, cold: request.cold, ...result },
    };
    records.push(record);
    try {
      await putRecord(destination.claims(RECORDS_FOLDER), record);
    } catch (error) {
      warn(`the record of the drill could not be put at the destination: ${messageOf(error)}`);
    }
    await request.onRecord(record);
  }
  return records;
}

function optionsFor(
  scenario: Scenario,
  { destination }: DrillContext,
  request: DrillRequest,
): DrillOptions {
  const { rtoSeconds, rpoSeconds, earlier, pick, sample, maxBytes, prefix } = request;
  const { line, check, keep, lockMs } = request;
  const before = earlier.filter((record) => {
    return record.scenario === scenario && record.destination === destination.location;
  }).length;
  const limits = OBJECTIVES[scenario];
  return {
    ...{ sample, maxBytes, prefix, line, check, keep, lockMs },
    objectives: {
      rtoSeconds: rtoSeconds ?? limits.rtoSeconds,
      rpoSeconds: rpoSeconds ?? limits.rpoSeconds,
    },
    // After an attack, only the newest backup that survived it counts.
    pick: scenario === 'ransom' ? 'newest' : (pick ?? pickAfter(before)),
    seed: `${destination.location} ${scenario} ${before}`,
  };
}

async function runOne(
  scenario: Scenario,
  context: DrillContext,
  options: DrillOptions,
): Promise<DrillResult> {
  try {
    if (scenario === 'redis') return await drillRedis(context, options);
    if (scenario === 'ransom') return await drillRansom(context, options);
    return await drillRestore(scenario, context, options);
  } catch (error) {
    context.signal.throwIfAborted();
    // A bug of ours in one scenario must not hide what the others find.
    return failedResult(scenario, options, { error });
  }
}
