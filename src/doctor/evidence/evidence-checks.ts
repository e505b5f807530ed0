import type { DrillRecord } from '../../drill/records.js';
import { DRILL_LIMIT_SECONDS, lastDrills, worstDrill } from '../../reports/backups/drills.js';
import { ageText } from '../age-text.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { EvidenceFacts } from './facts.js';

const check = checkOf<EvidenceFacts>();

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
  return seconds > DRILL_LIMIT_SECONDS
    ? warning(message, again)
    : ok(message, `last ${ageText(seconds)} ago`);
}

function judgeVerdicts({ records, unread, now }: EvidenceFacts['drills']): Finding {
  const all = lastDrills(records, now);
  const [unknown] = unread;
  const worst = worstDrill(all);
  if (worst === undefined) {
    if (unknown !== undefined) {
      return skipped(`the records of drills at ${unknown.destination} cannot be read`);
    }
    if (all.length === 0) return NONE;
    return ok(`the objectives of ${scenarios(all)} are met`, 'objectives met');
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
