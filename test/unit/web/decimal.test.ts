import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal as Exact, moneyText } from '../../../src/billing/money.js';
import {
  compare,
  decimalOf,
  decimalText,
  divided,
  dollarsText,
  minus,
  plus,
  priceText,
  rounded,
  times,
} from '../../../src/web/text/decimal.js';

const texts = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 24n), fc.integer({ min: 0, max: 20 }))
  .map(([isNegative, units, places]) =>
    new Exact(`${isNegative ? '-' : ''}${units}`).div(new Exact(10).pow(places)).toString(),
  );
const plain = (text: string) => text.replaceAll(',', '');

describe('decimals of the page', () => {
  it('agree with those of the server', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [x, y] = [new Exact(a), new Exact(b)];
        const [p, q] = [decimalOf(a), decimalOf(b)];
        const same = (mine: string, theirs: Exact) =>
          expect(new Exact(plain(mine)).eq(theirs)).toBe(true);
        same(decimalText(plus(p, q)), x.plus(y));
        same(decimalText(minus(p, q)), x.minus(y));
        same(decimalText(times(p, q)), x.times(y));
        same(decimalText(rounded(p, 4)), x.toDecimalPlaces(4));
        expect(compare(p, q)).toBe(x.cmp(y));
        expect(dollarsText(p)).toBe(moneyText(x));
        if (!y.isZero()) same(decimalText(divided(p, q, 6)), x.div(y).toDecimalPlaces(6));
      }),
    );
  });

  it('round halves away from zero', () => {
    expect(dollarsText(decimalOf('0.00005'))).toBe('$0.0001');
    expect(dollarsText(decimalOf('-0.00005'))).toBe('-$0.0001');
    expect(dollarsText(decimalOf('-0.00004'))).toBe('$0.0000');
    expect(dollarsText(decimalOf('9007199254740993.1'), 2)).toBe('$9,007,199,254,740,993.10');
  });

  it('keep the digits of a price', () => {
    expect(priceText('0.001')).toBe('$0.001');
    expect(priceText('2000')).toBe('$2,000');
    expect(priceText('-1234.50')).toBe('-$1,234.50');
  });

  it.each(['', 'x', '1e3', '1.', '.5', '--1', '∞'])('%j is none', (text) => {
    expect(() => decimalOf(text)).toThrow(SyntaxError);
  });
});
