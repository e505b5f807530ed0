import type { DestinationDocument } from '../data/backup-documents.js';
import { Mark } from '../kit/marks.js';
import { minute } from '../kit/minute.js';
import { countOf } from '../text/numbers.js';
import { ID_PREFIX, shortId } from './chain.js';
import { faultsOf } from './standing.js';

const MOST_SHOWN = 5;

/** All that is not in order at a destination, of which the sentence of the page tells the first. */
export function Faults({ destination }: { destination: DestinationDocument }) {
  const faults = faultsOf(destination, minute.value);
  if (faults.length === 0) return null;
  const problems = destination.status?.chains.problems ?? [];
  const texts = [
    ...faults.map(({ because }) => `It ${because}`),
    ...problems
      .slice(0, MOST_SHOWN)
      .map(({ id, message }) => `${shortId(id)}: ${message.replaceAll(ID_PREFIX, '')}`),
  ];
  if (problems.length > MOST_SHOWN)
    texts.push(`${countOf(problems.length - MOST_SHOWN, 'more fault')} in the chain`);
  return (
    <ul class="faults" aria-label="What is not in order">
      {texts.map((text) => (
        <li key={text}>
          <span class="failed">
            <Mark name="failed" />
          </span>
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}
