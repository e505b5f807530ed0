/** A line of a sum: `Compute`, `3.5 s × $0.001`, `$0.0035`. */
export interface SumLine {
  name: string;
  price: string;
  amount: string;
}
