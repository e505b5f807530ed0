import type { ShownJobDocument } from '../data/documents.js';
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
  const parts = costParts(explain);
  return (
    <>
      <h3>Cost</h3>
      <table class="sum">
        <thead class="vh">
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Price</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {parts?.map(({ name, price, amount }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="n soft">{price}</td>
              <td class="n">{amount}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Cost</th>
            <td class="n soft">rounded half up</td>
            <td class="n">{moneyText(cost)}</td>
          </tr>
        </tfoot>
      </table>
      {explain.length > 0 && (
        <details>
          <summary>To the last digit</summary>
          <pre class="log">{explain.join('\n')}</pre>
        </details>
      )}
    </>
  );
}
