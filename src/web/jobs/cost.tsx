import type { ShownJobDocument } from '../data/documents.js';
import { SumTable } from '../kit/sum-table.js';
import { moneyText } from '../text/numbers.js';
import { costParts } from './cost-table.js';

/** What a job costs, with the arithmetic. */
export function Cost({ job: { cost, explain, status } }: { job: ShownJobDocument }) {
  if (cost === null) {
    const isOver = status === 'completed' || status === 'failed';
    return (
      <p class="note">
        {isOver ? 'No usage is recorded, so it has no cost.' : 'The cost is known at the end.'}
      </p>
    );
  }
  return (
    <>
      <h3>Cost</h3>
      <SumTable
        lines={costParts(explain) ?? []}
        sum={{ name: 'Cost', price: 'rounded half up', amount: moneyText(cost) }}
      />
      {explain.length > 0 && (
        <details>
          <summary>To the last digit</summary>
          <pre class="log">{explain.join('\n')}</pre>
        </details>
      )}
    </>
  );
}
