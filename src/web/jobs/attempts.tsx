import type { ShownJobDocument } from '../data/documents.js';
import { Mark } from '../kit/marks.js';
import { ordinalText } from '../text/numbers.js';
import { durationText, minuteText } from '../text/times.js';
import { attemptsOf, mostAttempts } from './words.js';

/** Each try of a job. The queue keeps the times of the last one alone. */
export function Attempts({ job }: { job: ShownJobDocument }) {
  const attempts = attemptsOf(job);
  if (attempts.length === 0) return null;
  const most = Math.max(attempts.length, mostAttempts(job));
  return (
    <>
      <h3>
        Attempts, {attempts.length} of {most}
      </h3>
      <ol class="steps">
        {attempts.map(({ number, status, reason }) => (
          <li key={number}>
            <span class={`st ${status}`}>
              <Mark name={status} />
            </span>
            <span>
              {ordinalText(number)} <span class="vh">attempt {status}</span>
            </span>
            <span class="quiet">{number === attempts.length && lastTimes(job)}</span>
            {reason !== undefined && reason !== '' && <p>{reason}</p>}
          </li>
        ))}
      </ol>
    </>
  );
}

/** `12:44 to 14:04, 1 h 20 m`, in UTC. */
function lastTimes({ started_at: start, finished_at: end, ran_seconds: ran }: ShownJobDocument) {
  if (start === null) return null;
  const from = minuteText(new Date(start));
  if (end === null) return `since ${from} UTC`;
  const span = ran === null ? '' : `, ${durationText(ran)}`;
  return `${from} to ${minuteText(new Date(end))} UTC${span}`;
}
