import type { Line } from '../../repository/lines/lines.js';
import { ageText } from '../age-text.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';

export interface OffsiteFacts {
  copies: readonly Copy[];
  maxAgeMs: number | undefined;
}

/** What a destination holds; `undefined` where it cannot be read, which another check reports. */
interface Copy {
  text: string;
  isRemote: boolean;
  lines: readonly Line[] | undefined;
}

const check = checkOf<OffsiteFacts>();
const LIMIT_MS = 20_000;
/** Where no --max-age is given: a weekly copy, and a day. */
const USUAL_LAG_MS = 8 * 86_400_000;

export const offsiteChecks = [
  check('destination.offsite', ['copies', 'maxAgeMs'], judgeOffsite, LIMIT_MS),
];

function judgeOffsite({ copies, maxAgeMs }: OffsiteFacts): Finding {
  if (copies.length === 0) {
    return skipped('no destination is named', 'mangamotion doctor /var/backups/minio');
  }
  if (copies.length < 2) {
    return skipped('name a destination near and one offsite to compare them');
  }
  const { near, offsite } = sorted(copies);
  if (
    near.some(({ lines }) => lines === undefined) ||
    offsite.some(({ lines }) => lines === undefined)
  ) {
    return skipped('a destination cannot be read');
  }
  for (const copy of offsite) {
    for (const { lines = [] } of near) {
      for (const line of lines) {
        const finding = compared(line, copy, maxAgeMs ?? USUAL_LAG_MS);
        if (finding !== undefined) return finding;
      }
    }
  }
  return ok(
    `${offsite.map(({ text }) => text).join(', ')} holds what ${near[0]?.text ?? ''} does`,
    'holds what the near one does',
  );
}

/** What lies in a bucket is offsite; where all or none does, the first that was named is near. */
function sorted(copies: readonly Copy[]): { near: Copy[]; offsite: Copy[] } {
  const near = copies.filter(({ isRemote }) => !isRemote);
  const offsite = copies.filter(({ isRemote }) => isRemote);
  if (near.length > 0 && offsite.length > 0) return { near, offsite };
  return { near: copies.slice(0, 1), offsite: copies.slice(1) };
}

function compared(line: Line, { text, lines = [] }: Copy, lagMs: number): Finding | undefined {
  const newest = line.newestTrusted;
  if (newest === undefined || line.retired) return undefined;
  const make = `mangamotion backup full ${text}`;
  const its = lines.find(({ name }) => name === line.name)?.newestTrusted;
  if (its === undefined) {
    return failure(`${text} has no complete backup of the line ${line.name}`, make);
  }
  const behindMs = Date.parse(newest.summary.created_at) - Date.parse(its.summary.created_at);
  if (behindMs <= lagMs) return undefined;
  const message = `${text} is ${ageText(behindMs / 1000)} behind: its newest is ${its.id}, and ${newest.id} is near`;
  return warning(message, make);
}
