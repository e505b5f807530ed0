import { unlockedBackupHint } from '../../config/hints.js';
import { countOf, formatCount } from '../../count-of.js';
import { formatBytes } from '../../format-bytes.js';
import { optionsOfPast } from '../../repository/lock-state.js';
import { isLate } from '../../repository/status.js';
import { storedBytesOf } from '../../repository/parts.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import { ageText } from '../age-text.js';
import type { DestinationFacts, Place } from './facts.js';

const check = checkOf<DestinationFacts>();

/** A destination may hold thousands of summaries, each of which is a request. */
const LIMIT_MS = 20_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const destinationChecks = [
  check(
    'destination.exists',
    ['opened', 'place'],
    ({ opened, place }) => {
      if (opened.kind === 'failed') {
        const hint = opened.error.hint ?? `mangamotion backup list ${place.text}`;
        return failure(opened.error.message, hint);
      }
      const { backups, legacy } = opened.content;
      return ok(`holds ${countOf(backups.length + legacy.length, 'backup')}`);
    },
    LIMIT_MS,
  ),
  check(
    'destination.writable',
    ['notWritable', 'place'],
    ({ notWritable, place }) =>
      notWritable === undefined
        ? ok('this user may write into it')
        : failure(
            notWritable,
            `chown it to the user of the backups, or run them as its owner: ls -ld ${place.text}`,
          ),
    LIMIT_MS,
  ),
  check('destination.room', ['freeBytes', 'status', 'lines', 'place'], judgeRoom, LIMIT_MS),
  check(
    'destination.inodes',
    ['inodes', 'place'],
    ({ inodes, place }) => {
      if (inodes === undefined) return ok('its file system does not limit the number of files');
      const { free, total } = inodes;
      if (free >= LEAST_INODES && free >= total * LEAST_SHARE_OF_INODES) {
        return ok(`${formatCount(free)} inodes free`);
      }
      const message = `only ${formatCount(free)} of ${formatCount(total)} inodes are free`;
      const hint = `remove small files from that disk: df -i ${place.text} shows it`;
      return (free < FATAL_INODES ? failure : warning)(message, hint);
    },
    LIMIT_MS,
  ),
  check('destination.lock', ['lock', 'place'], judgeLock, LIMIT_MS),
  check('destination.age', ['status', 'place'], judgeAge, LIMIT_MS),
  check('destination.whole', ['status', 'place'], judgeWhole, LIMIT_MS),
  check('destination.suspect', ['lines', 'place'], judgeSuspect, LIMIT_MS),
  check('destination.partial', ['lines', 'place'], judgePartial, LIMIT_MS),
  check('destination.versions', ['keepsOverwritten'], judgeVersions, LIMIT_MS),
  check(
    'destination.leftovers',
    ['leftovers', 'keepsOverwritten', 'place'],
    ({ leftovers, keepsOverwritten, place }) => {
      if (leftovers === undefined) return skipped('a run is under way');
      const [first] = leftovers;
      if (first === undefined) return ok('nothing is left of dead runs');
      return warning(
        `${countOf(leftovers.length, 'file')} left of a dead run, such as ${first}`,
        keepsOverwritten === undefined
          ? `the next backup reuses and removes them: mangamotion backup incremental ${place.text}`
          : `with keys that may delete: mangamotion backup prune ${place.text}`,
      );
    },
    LIMIT_MS,
  ),
  check('destination.object-lock', ['objectLocks', 'place'], judgeObjectLocks, LIMIT_MS),
  check('destination.hidden', ['objectLocks', 'place'], judgeHidden, LIMIT_MS),
  check('destination.legacy', ['content', 'place'], judgeLegacy, LIMIT_MS),
  check('verification.age', ['status', 'place'], judgeVerification, LIMIT_MS),
];

/** Keys that cannot delete can still put another object in the place of a backup. */
function judgeVersions({ keepsOverwritten }: Pick<DestinationFacts, 'keepsOverwritten'>): Finding {
  switch (keepsOverwritten) {
    case undefined:
      return ok('runs may delete here');
    case true:
      return ok('append-only, and what is overwritten stays as an older version');
    case false:
      return warning(
        'append-only, but the bucket keeps no versions: the keys of the backups can overwrite them',
        'turn on versioning of the bucket: aws s3api put-bucket-versioning, or mc version enable',
      );
    case 'unknown':
      return skipped('append-only, and these keys may not read whether the bucket keeps versions');
  }
}

/** Judges how much of the archives `backup verify --within` has read, and what it found damaged. */
function judgeVerification({
  status: { verification },
  place: { text, now },
}: Pick<DestinationFacts, 'status' | 'place'>): Finding {
  const run = `mangamotion backup verify ${text} --within 30d`;
  if (verification === null) return skipped('nothing records what was read of the archives', run);
  const { total_bytes: total, read_bytes: read, overdue_bytes: overdue } = verification;
  const ageMs = now.getTime() - Date.parse(verification.last_run_at);
  const percent = `${total === 0 ? 100 : Math.floor((read / total) * 100)} %`;
  const share = `${percent} was read within 30 days`;
  switch (verification.status) {
    case 'damaged': {
      const damaged = formatBytes(verification.damaged_bytes);
      return failure(`${damaged} was damaged when it was last read`, `${run} names the damage`);
    }
    case 'stopped': {
      const message = `${share}, but the last run was ${ageText(ageMs / 1000)} ago`;
      return warning(message, `daily: ${run}`);
    }
    case 'overdue':
      return warning(`${formatBytes(overdue)} was not read for 30 days`, `daily: ${run}`);
    case 'ok':
      return ok(share, `${percent} read in 30 days`);
  }
}

const LEAST_INODES = 10_000;
const LEAST_SHARE_OF_INODES = 0.02;
/** A backup needs a handful. */
const FATAL_INODES = 100;

/** The next full is as large as the last one, and some more. */
const LARGER = 1.1;
/** Time enough to get another disk. */
const LEAST_DAYS = 14;

function judgeRoom({
  freeBytes,
  status,
  lines,
  place,
}: Pick<DestinationFacts, 'freeBytes' | 'status' | 'lines' | 'place'>): Finding {
  if (freeBytes === null) return skipped('the file system does not tell how much room it has');
  const fulls = lines
    .filter(({ retired }) => !retired)
    .flatMap(({ backups }) => backups.findLast(({ summary }) => summary.type === 'full') ?? []);
  const needed = LARGER * fulls.reduce((sum, { summary }) => sum + storedBytesOf(summary), 0);
  const free = formatBytes(freeBytes);
  const hint = `mangamotion backup prune ${place.text} --dry-run, or a larger disk`;
  if (fulls.length === 0) return skipped(`${free} free; there is no full backup to go by`);
  if (freeBytes < needed) {
    return failure(`${free} free, and the next full needs some ${formatBytes(needed)}`, hint);
  }
  const daily = status.growth?.bytes_per_day ?? 0;
  const days = daily > 0 ? Math.floor((freeBytes - needed) / daily) : Infinity;
  if (days < LEAST_DAYS) {
    return warning(
      `${free} free: by the trend of ${formatBytes(daily)} a day, the full in ${countOf(days, 'day')} has no room`,
      hint,
    );
  }
  return ok(`${free} free, and the next full needs some ${formatBytes(needed)}`, `${free} free`);
}

/** No run takes longer, unless it hangs. */
const LONGEST_RUN_MS = DAY_MS;

function judgeLock({ lock, place }: Pick<DestinationFacts, 'lock' | 'place'>): Finding {
  const { holder, dead } = lock;
  if (holder === undefined) {
    return ok(
      dead === 0 ? 'not locked' : 'not locked; the next run removes the claim of a dead one',
    );
  }
  const { owner, since } = holder;
  const who = `\`${owner.command}\`, process ${owner.pid} on ${owner.host}, since ${since}`;
  const ageMs = place.now.getTime() - Date.parse(since);
  if (ageMs <= LONGEST_RUN_MS) return ok(`locked by ${who}`);
  return warning(
    `locked for more than a day by ${who}`,
    `see whether that process hangs, and end it: its lock ends with it (ps -p ${owner.pid} on ${owner.host})`,
  );
}

/** Where no --max-age is given, a weekly backup is late after this. */
const USUAL_AGE_MS = 8 * DAY_MS;

function judgeAge({ status, place }: Pick<DestinationFacts, 'status' | 'place'>): Finding {
  const { freshness } = status;
  const newest = freshness.newest_complete;
  const make = `mangamotion backup full ${place.text}`;
  if (freshness.status === 'retired') return ok('its line was retired');
  if (newest === null) return failure('there is no complete backup', make);
  const { id, age_seconds: age } = newest;
  if (age === null || age < 0) {
    return warning(
      `${id} is dated in the future: a clock was wrong`,
      'set the clock of this machine',
    );
  }
  const limit = freshness.max_age_seconds;
  if (isLate(status)) {
    const allowed = limit === null ? '' : `, and may be at most ${ageText(limit)}`;
    const late = status.lines.find(({ counts, status: its }) => counts && its === 'overdue');
    const about = late?.newest_complete ?? newest;
    return failure(
      `the newest complete backup, ${about.id}, is ${ageText(about.age_seconds ?? age)} old${allowed}`,
      make,
    );
  }
  if (limit === null && age * 1000 > USUAL_AGE_MS) {
    return warning(
      `the newest complete backup, ${id}, is ${ageText(age)} old`,
      `${make}; --max-age sets the limit`,
    );
  }
  return ok(`the newest complete backup is ${ageText(age)} old`, `newest ${ageText(age)} old`);
}

function judgeWhole({ status, place }: Pick<DestinationFacts, 'status' | 'place'>): Finding {
  const { chains } = status;
  const [first] = chains.problems;
  if (first === undefined)
    return ok(`${countOf(chains.checked, 'backup')}, each with all archives`);
  const affected = new Set(chains.problems.map(({ id }) => id)).size;
  const text = `${affected} of ${countOf(chains.checked, 'backup')}: ${first.id}: ${first.message}`;
  if (chains.status === 'broken') {
    return failure(
      `cannot be read completely: ${text}`,
      `bring the file back from a copy, or make a new one: mangamotion backup full ${place.text}`,
    );
  }
  return warning(`not known to be whole: ${text}`, `mangamotion backup status ${place.text}`);
}

function judgeSuspect({ lines, place }: Pick<DestinationFacts, 'lines' | 'place'>): Finding {
  const suspended = lines.filter(
    ({ suspendedBy, retired }) => suspendedBy !== undefined && !retired,
  );
  const id = suspended[0]?.suspendedBy;
  if (id === undefined) return ok('no suspect backup that holds up retention');
  const backup = backupPath(place, id);
  return failure(
    `${id} is suspect: objects of the store were deleted or wiped before it`,
    `mangamotion backup show ${backup}; if it was meant: mangamotion backup accept ${backup}`,
  );
}

function judgePartial({ lines, place }: Pick<DestinationFacts, 'lines' | 'place'>): Finding {
  const partial = lines
    .filter(({ retired }) => !retired)
    .flatMap(({ backups }) => backups.at(-1) ?? [])
    .filter(({ summary }) => summary.status === 'partial');
  const [first] = partial;
  if (first === undefined) return ok('the newest backup is not partial');
  return warning(
    `the newest backup, ${first.id}, is partial: ${countOf(first.summary.objects.failed, 'object')} could not be read`,
    `mangamotion backup show ${backupPath(place, first.id)}`,
  );
}

function judgeObjectLocks({
  objectLocks,
  place: { text },
}: Pick<DestinationFacts, 'objectLocks' | 'place'>): Finding {
  if (objectLocks === null) return ok('no object locks');
  const { newest, short, problem } = objectLocks;
  if (problem !== null) return skipped(`the locks are not known: ${problem}`);
  const [first] = short;
  if (first !== undefined) {
    const until = first.until === null ? 'not locked' : `locked until ${first.until}`;
    return warning(
      `${countOf(short.length, 'file')} that the newest backup needs ${short.length === 1 ? 'is' : 'are'} locked for a shorter time: ${first.file} is ${until}`,
      `the next backup with locks extends them: mangamotion backup incremental ${text} --lock`,
    );
  }
  const unlocked = newest.find(({ until }) => until === null);
  if (unlocked !== undefined) {
    return warning(
      `the newest backup, ${unlocked.id}, is not locked, and earlier ones of its line are`,
      unlockedBackupHint(text),
    );
  }
  const [last] = newest;
  if (last === undefined || last.until === null) return ok('no backup is locked');
  const compared = Date.parse(last.until) - Date.parse(last.kept_until);
  const days = Math.round(Math.abs(compared) / DAY_MS);
  const than =
    days === 0 ? 'as long as' : `${countOf(days, 'day')} ${compared < 0 ? 'less' : 'more'} than`;
  return ok(`the newest backup is locked until ${last.until}: ${than} it is kept`);
}

function judgeHidden({
  objectLocks,
  place: { text },
}: Pick<DestinationFacts, 'objectLocks' | 'place'>): Finding {
  const hidden = objectLocks?.hidden ?? [];
  const [first] = hidden;
  if (objectLocks === null || first === undefined) return ok('no locked file is hidden');
  return failure(
    `${countOf(hidden.length, 'locked file')} ${hidden.length === 1 ? 'is' : 'are'} hidden: ${first.file} by ${first.by === 'deletion' ? 'a deletion' : 'an overwrite'} of ${first.at}`,
    `the backups of before are there: mangamotion backup list ${text} ${optionsOfPast(objectLocks)}`,
  );
}

function judgeLegacy({ content, place }: Pick<DestinationFacts, 'content' | 'place'>): Finding {
  const { legacy } = content;
  if (legacy.length === 0) return ok('no backups of backup-minio.sh');
  const before = place.now.getTime() - place.retentionDays * DAY_MS;
  const old = legacy.filter(
    ({ createdAt }) => createdAt !== null && Date.parse(createdAt) < before,
  );
  const [first] = old;
  if (first === undefined) return ok(`${countOf(legacy.length, 'backup')} of backup-minio.sh`);
  return warning(
    `${countOf(old.length, 'backup')} of backup-minio.sh older than ${countOf(place.retentionDays, 'day')}: no retention removes them`,
    `remove what is not needed by hand, beginning with ${first.path}`,
  );
}

function backupPath({ text }: Place, id: string): string {
  return `${text.replace(/\/+$/, '')}/${id}`;
}
