import type { DrillRecord } from '../../drill/records.js';
import { ageText } from '../age-text.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { EvidenceFacts } from './facts.js';

const check = checkOf<EvidenceFacts>();

/** A drill a month, and half a month of grace. */
const LONGEST_SECONDS = 45 * 86_400;
/** The clocks of hosts may differ by this much. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
const NONE = skipped(
  'no drill is recorded here',
  'prove that a recovery works: mangamotion drill object DESTINATION',
);

/** What shows that backups can be restored. What was read of them is a check of each destination. */
export const evidenceChecks = [
  check('drills.age', ['drills'], ({ drills }) => judgeAge(drills)),
  check('drills.verdict', ['drills'], ({ drills }) => judgeVerdicts(drills)),
];

function judgeAge({ records: [newest], damaged, unread, now }: EvidenceFacts['drills']): Finding {
  const [unknown] = unread;
  if (unknown !== undefined) {
    const { destination, why } = unknown;
    return warning(
      `the drills of all hosts are not known: the records at ${destination} cannot be read: ${why}`,
      `mangamotion drill history ${destination}`,
    );
  }
  if (damaged.length > 0) {
    const [{ file }] = damaged as [(typeof damaged)[number]];
    return warning(`some records of drills cannot be read in ${file}`, 'mangamotion drill history');
  }
  if (newest === undefined) return NONE;
  const seconds = (now.getTime() - Date.parse(newest.at)) / 1000;
  const again = `mangamotion drill ${newest.scenario} ${newest.destination}`;
  if (seconds < 0) return warning('the last drill is dated in the future: a clock is wrong', again);
  const message = `the last drill was ${ageText(seconds)} ago`;
  return seconds > LONGEST_SECONDS ? warning(message, again) : ok(message);
}

/**
 * The last drill of each scenario counts, at each destination, whichever host it ran on. A good one from
 * the future, which would hide all later ones, does not.
 */
function judgeVerdicts({ records, unread, now }: EvidenceFacts['drills']): Finding {
  const last = new Map<string, DrillRecord>();
  for (const record of records) {
    const aheadMs = Date.parse(record.at) - now.getTime();
    if (aheadMs > CLOCK_TOLERANCE_MS && record.verdict === 'met') continue;
    const name = `${record.scenario} ${record.destination}`;
    if (!last.has(name)) last.set(name, record);
  }
  const all = [...last.values()];
  const [unknown] = unread;
  const worst =
    all.find(({ verdict }) => verdict === 'missed') ??
    all.find(({ verdict }) => verdict === 'not_proven');
  if (worst === undefined) {
    if (unknown !== undefined) {
      return skipped(`the records of drills at ${unknown.destination} cannot be read`);
    }
    return all.length === 0 ? NONE : ok(`the objectives of ${scenarios(all)} are met`);
  }
  const { scenario, destination, verdict, reason } = worst;
  const why = reason === undefined ? '' : `: ${reason}`;
  const hint = `mangamotion drill history, then: mangamotion drill ${scenario} ${destination}`;
  return verdict === 'missed'
    ? failure(`the last drill of ${scenario} missed its objective${why}`, hint)
    : warning(`the last drill of ${scenario} proved nothing${why}`, hint);
}

function scenarios(records: readonly DrillRecord[]): string {
  return [...new Set(records.map(({ scenario }) => scenario))].join(', ');
}
