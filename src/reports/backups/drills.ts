import type { DrillRecord } from '../../drill/records.js';

/** What drills say of a destination. Pure. */

/** A drill a month, and half a month of grace. */
export const DRILL_LIMIT_SECONDS = 45 * 86_400;

/** The clocks of hosts may differ by this much. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * Returns the last drill of each scenario at each destination, whichever host it ran on. The latest record
 * comes first. A good one from the future, which would hide all later ones, does not count.
 */
export function lastDrills(records: readonly DrillRecord[], now: Date): DrillRecord[] {
  const last = new Map<string, DrillRecord>();
  for (const record of records) {
    if (record.verdict === 'met' && isAhead(record.at, now)) continue;
    const name = `${record.scenario} ${record.destination}`;
    if (!last.has(name)) last.set(name, record);
  }
  return [...last.values()];
}

/** Returns one that missed an objective, or else one that proved nothing; `undefined` if all were met. */
export function worstDrill(last: readonly DrillRecord[]): DrillRecord | undefined {
  return (
    last.find(({ verdict }) => verdict === 'missed') ??
    last.find(({ verdict }) => verdict === 'not_proven')
  );
}

/** What is known of the drills of a destination. */
export interface KnownDrills {
  /** Those that this host has recorded, of all destinations. */
  here: readonly DrillRecord[];
  /** Those that lie at the destination. */
  there: readonly DrillRecord[];
  /** Records that cannot be read, here and there. */
  damaged: number;
  /** Whether all records could be looked for. */
  isWhole: boolean;
}

/** `overdue`: the last drill is too long ago. `unknown`: a record that cannot be read may say more. */
type DrillStatus = 'met' | 'missed' | 'not_proven' | 'overdue' | 'never' | 'unknown';

/** Returns the drills of a destination in the answer of `serve`. */
export function drillsDocument(location: string, known: KnownDrills, now: Date) {
  const ofDestination = known.here.filter(({ destination }) => destination === location);
  const byId = new Map([...known.there, ...ofDestination].map((record) => [record.id, record]));
  const records = [...byId.values()]
    // What lies at the destination is of it, whatever its name was where the drill ran.
    .map((record) => ({ ...record, destination: location }))
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const last = lastDrills(records, now);
  return {
    status: statusOf(last, records[0], known, now),
    limit_seconds: DRILL_LIMIT_SECONDS,
    damaged: known.damaged,
    last: last.map((record) => ({
      ...shown(record),
      last_met_at:
        records.find(
          ({ scenario, verdict, at }) =>
            scenario === record.scenario && verdict === 'met' && !isAhead(at, now),
        )?.at ?? null,
    })),
  };
}

function isAhead(at: string, now: Date): boolean {
  return Date.parse(at) - now.getTime() > CLOCK_TOLERANCE_MS;
}

function statusOf(
  last: readonly DrillRecord[],
  newest: DrillRecord | undefined,
  { damaged, isWhole }: Pick<KnownDrills, 'damaged' | 'isWhole'>,
  now: Date,
): DrillStatus {
  const worst = worstDrill(last);
  if (worst?.verdict === 'missed') return 'missed';
  if (damaged > 0 || !isWhole) return 'unknown';
  if (worst !== undefined) return 'not_proven';
  if (newest === undefined) return 'never';
  // A time in the future tells nothing: a clock was wrong.
  if (isAhead(newest.at, now)) return 'unknown';
  const seconds = (now.getTime() - Date.parse(newest.at)) / 1000;
  return seconds > DRILL_LIMIT_SECONDS ? 'overdue' : 'met';
}

function shown(record: DrillRecord) {
  const { at, scenario, verdict, reason, backup, cold, extrapolated } = record;
  const { rto_seconds, rto_limit_seconds, rpo_seconds, rpo_limit_seconds } = record;
  return {
    ...{ at, scenario, verdict, ...(reason !== undefined && { reason }), backup, cold },
    ...{ rto_seconds, rto_limit_seconds, extrapolated, rpo_seconds, rpo_limit_seconds },
  };
}
