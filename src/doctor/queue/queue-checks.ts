import { DOCTOR_TEXTS } from '../../config/hints.js';
import { countOf } from '../../count-of.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { NodeFacts } from '../node/facts.js';
import type { QueueFacts, QueueState, TrackedJobs } from './facts.js';

const check = checkOf<QueueFacts & NodeFacts>();

export const queueChecks = [
  check('queue.version', ['queue'], ({ queue }) => judgeVersion(queue)),
  check('queue.paused', ['queue'], ({ queue: { isPaused, waiting } }) =>
    isPaused && waiting > 0
      ? warning(
          `the queue is paused, and ${countOf(waiting, 'job')} ${waits(waiting)}`,
          'resume it from the backend (`queue.resume()`)',
        )
      : ok(isPaused ? 'paused, and no job waits' : 'not paused'),
  ),
  check('queue.workers', ['queue', 'workers'], ({ queue: { isPaused, waiting }, workers }) => {
    if (workers === undefined) {
      return skipped('the user may not list clients', 'permit its user +client|list');
    }
    if (workers.count > 0) {
      const text = countOf(workers.count, 'worker');
      return ok(`${text} connected`, text);
    }
    if (isPaused || waiting === 0) return ok('no worker is connected, and no job waits for one');
    if (!workers.isSure) return ok('workers without a name are connected');
    return failure(
      `${countOf(waiting, 'job')} ${waits(waiting)}, and no worker is connected`,
      'start the workers; `mangamotion jobs list --status pending` shows the jobs',
    );
  }),
  check('queue.stalled', ['stalled'], ({ stalled: { looked, ids } }) => {
    const [first] = ids;
    if (first === undefined) return ok(`${countOf(looked, 'active job')}, none stalled`);
    return warning(
      `${countOf(ids.length, 'job')} stalled: no worker holds ${ids.length === 1 ? 'it' : 'them'}, such as ${first}`,
      `restart the workers; \`mangamotion jobs show ${first}\` shows the job`,
    );
  }),
  check('queue.tracker', ['tracked', 'node'], ({ tracked, node }) =>
    judgeTracker(tracked, node.now),
  ),
];

function waits(count: number): string {
  return count === 1 ? 'waits' : 'wait';
}

/** What this program has been tried with. */
const NEWEST_MAJOR = 6;

function judgeVersion({ version }: QueueState): Finding {
  if (version === null) return ok('BullMQ older than 5 (it writes no version)');
  const [, text = version] = /^bullmq:(.*)/.exec(version) ?? [];
  const major = Number.parseInt(text, 10);
  if (major <= NEWEST_MAJOR) return ok(`BullMQ ${text}`, `BullMQ ${text}`);
  return warning(
    `BullMQ ${text} is not known: 1 to ${NEWEST_MAJOR} are`,
    'look for a newer mangamotion before you rely on `jobs` and its figures',
  );
}

/** A job is tracked around its end; its record may come a moment later. */
const SETTLED_AFTER_MS = 5 * 60_000;
/** The jobs of the last days tell of the tracker as it is now. */
const LOOK_BACK_MS = 3 * 86_400_000;
/** A single job without a record proves nothing. */
const LEAST_JOBS = 3;

/** `jobs`: the latest first. */
function judgeTracker(jobs: TrackedJobs, now: Date): Finding {
  const recent = jobs.filter(({ finishedAtMs }) => {
    const ageMs = now.getTime() - finishedAtMs;
    return ageMs >= SETTLED_AFTER_MS && ageMs <= LOOK_BACK_MS;
  });
  if (recent.length < LEAST_JOBS) return skipped('too few jobs have completed lately to tell');
  const at = recent.findIndex(({ isTracked }) => isTracked);
  const silent = at === -1 ? recent : recent.slice(0, at);
  const oldest = silent.at(-1);
  if (silent.length < LEAST_JOBS || oldest === undefined) {
    return ok(`the jobs that completed last have billing records`);
  }
  const since = new Date(oldest.finishedAtMs).toISOString();
  return failure(
    `the tracker is silent: ${countOf(silent.length, 'job')} completed since ${since} without a billing record, so that meters are missing`,
    DOCTOR_TEXTS.tracker,
  );
}
