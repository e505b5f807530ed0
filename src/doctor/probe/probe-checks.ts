import { countOf } from '../../count-of.js';
import { KEY_CLASSES } from '../../restore/plan/key-classes.js';
import { checkOf } from '../check.js';
import { type Finding, failure, ok, skipped, warning } from '../finding.js';
import type { Question, ServerAnswers } from './answers.js';
import type { ProbeFacts } from './facts.js';

const check = checkOf<ProbeFacts>();
/** With the clean-up, which waits for the end of a retention. */
const LIMIT_MS = 150_000;

const SERVERS = '`mangamotion help servers` says what the program does about it';

/** What each answer means. */
type Meanings<Name extends Question> = (answer: ServerAnswers[Name]) => Finding;

function question<Name extends Question>(name: `probe.${string}`, of: Name, judge: Meanings<Name>) {
  return check(
    name,
    ['probe'],
    ({ probe }) => {
      const its = probe.answers[of];
      if ('error' in its) return failure(`not found out: ${its.error}`, 'run --probe again');
      return judge(its.answer);
    },
    LIMIT_MS,
  );
}

export const probeChecks = [
  question('probe.listing', 'listing', (answer) =>
    answer === 'complete'
      ? ok('a listing names all that was stored')
      : failure('a listing ends early: objects are missing from it', `mend the server: ${SERVERS}`),
  ),
  question('probe.last-page', 'last_page', (answer) =>
    answer === 'same'
      ? ok('a page that is requested once more is the same')
      : warning('the last page of a listing differs when it is requested once more', SERVERS),
  ),
  question('probe.start-after', 'start_after', (answer) => {
    if (answer === 'behind') return ok('a listing goes on behind a key');
    const how = answer === 'with_the_key' ? 'with the key itself' : 'from the start: it ignores it';
    return warning(`a listing that starts after a key goes on ${how}`, SERVERS);
  }),
  question('probe.metadata', 'metadata', (answer) =>
    answer === 'kept'
      ? ok('user metadata and headers are kept')
      : warning('user metadata or headers come back changed', SERVERS),
  ),
  question('probe.tags', 'tags', (answer) => judgeKept('tags', answer)),
  question('probe.checksums', 'checksums', (answer) =>
    answer === 'unsupported'
      ? ok('checksums are not kept; archives have their own')
      : judgeKept('checksums', answer),
  ),
  question('probe.keys', 'keys', (answer) => {
    const odd = KEY_CLASSES.filter((name) => answer[name] !== 'kept');
    if (odd.length === 0) return ok('all kinds of keys are kept');
    const renamed = odd.filter((name) => answer[name] === 'renamed');
    const text = odd.map((name) => `${name} (${answer[name]})`).join(', ');
    return renamed.length > 0
      ? warning(`keys that are not kept as they are: ${text}`, SERVERS)
      : ok(`keys that are refused: ${text}`);
  }),
  question('probe.times', 'times', (answer) =>
    ok(
      answer === 'unknown'
        ? 'how times are rounded cannot be seen'
        : `HEAD rounds times ${answer === 'nearest' ? 'to the nearest second' : answer}`,
    ),
  ),
  question('probe.lock', 'lock', (answer) => {
    if (answer === 'unsupported') return skipped('the server has no object lock');
    return answer === 'resists'
      ? ok('a locked object resists a deletion by version id')
      : failure(
          'a locked object was deleted by version id: retention protects nothing',
          'do not rely on object lock there: keep a copy on another server',
        );
  }),
  check(
    'probe.traces',
    ['probe'],
    ({ probe: { left, cleared } }) => {
      const [first] = left;
      if (first === undefined) {
        return ok(
          cleared === 0
            ? 'nothing is left'
            : `nothing is left; ${countOf(cleared, 'bucket')} of dead probes removed`,
        );
      }
      return warning(
        `the bucket ${first.bucket} could not be removed: ${first.why}`,
        'mangamotion doctor --probe tries it again',
      );
    },
    LIMIT_MS,
  ),
];

function judgeKept(what: string, answer: 'kept' | 'changed' | 'unsupported'): Finding {
  if (answer === 'kept') return ok(`${what} are kept`);
  const how = answer === 'changed' ? 'come back changed' : 'are refused';
  return warning(`${what} ${how}: a restore loses them`, SERVERS);
}
