import { describe, expect, it } from 'vitest';
import { moneyText as moneyOfCommands, Decimal } from '../../../src/billing/money.js';
import { moneyText, ordinalText, percentText } from '../../../src/web/text/numbers.js';

describe('money', () => {
  it.each([0, 0.0023, -0.0023, 0.4815, 1234.5678, -1_234_567.5, 0.00004, -0.00001])(
    'of %d is written as the commands write it',
    (amount) => {
      const rounded = new Decimal(amount).toDecimalPlaces(4);
      const plain = rounded.isZero() ? new Decimal(0) : rounded;
      expect(moneyText(amount)).toBe(moneyOfCommands(plain));
    },
  );

  it('has as many places as asked for', () => {
    expect(moneyText(1234.5, 2)).toBe('$1,234.50');
    expect(moneyText(2000, 0)).toBe('$2,000');
  });
});

it('ordinals follow English', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111].map(ordinalText)).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '22nd',
    '103rd',
    '111th',
  ]);
});

it('a percentage that cannot be is shown as it was reported', () => {
  expect([0, 44.6, 100, 101, -5].map(percentText)).toEqual(['0 %', '45 %', '100 %', '101', '-5']);
});
