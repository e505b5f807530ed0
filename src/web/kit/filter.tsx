import { formatCount } from '../text/numbers.js';
import { Status } from './marks.js';

export interface FilterChoice {
  value: string;
  /** `undefined`: not known yet. */
  count: number | undefined;
  href: string;
}

/** Counts by status that are the filter too. The first choice stands for all. */
export function Filter({
  label,
  choices,
  chosen,
}: {
  label: string;
  choices: readonly FilterChoice[];
  chosen: string;
}) {
  return (
    <nav class="filter" aria-label={label}>
      {choices.map(({ value, count, href }, index) => (
        <a
          key={value}
          href={href}
          class={count === 0 ? 'zero' : undefined}
          aria-current={value === chosen ? 'true' : undefined}
        >
          <b>{count === undefined ? '–' : formatCount(count)}</b>
          {index === 0 ? <span>{value}</span> : <Status status={value} />}
        </a>
      ))}
    </nav>
  );
}
