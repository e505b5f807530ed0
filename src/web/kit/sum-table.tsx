import type { SumLine } from './sum-line.js';

/** Lines that add up to the last one. */
export function SumTable({ lines, sum }: { lines: readonly SumLine[]; sum: SumLine }) {
  return (
    <table class="sum" aria-label={`How the ${sum.name.toLowerCase()} adds up`}>
      <thead class="vh">
        <tr>
          <th scope="col">Part</th>
          <th scope="col">Price</th>
          <th scope="col">Amount</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <Line key={line.name} {...line} />
        ))}
      </tbody>
      <tfoot>
        <Line {...sum} />
      </tfoot>
    </table>
  );
}

function Line({ name, price, amount }: SumLine) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="n soft">{price}</td>
      <td class="n">{amount}</td>
    </tr>
  );
}
