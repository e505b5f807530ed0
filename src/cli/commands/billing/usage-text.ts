import type { UsageAnswer } from '../../../billing/answers.js';
import type { MonthBill } from '../../../billing/month-bill.js';
import { moneyText } from '../../../billing/money.js';
import type { Usage } from '../../../billing/usage.js';
import { secondsText } from '../../../billing/usage.js';
import type { Presentation } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import type { Field } from '../../output/page.js';

/** The fields of a usage that --fields accepts. */
export const USAGE_FIELDS: FieldsOf<UsageAnswer> = fieldNames(
  ...(['bytes_processed', 'compute_seconds', 'job_count'] as const),
  ...(['jobs_completed', 'jobs_failed', 'jobs_skipped'] as const),
);

/** `12.5 s`, and what that is where it is long: `7,200 s (2h 00m)`. */
function computeText(people: Presentation, microseconds: bigint): string {
  if (microseconds < 0n) return `-${computeText(people, -microseconds)}`;
  const seconds = Number(microseconds) / 1e6;
  const [whole = '', fraction] = secondsText(microseconds).split('.');
  const text = `${people.count(BigInt(whole))}${fraction === undefined ? '' : `.${fraction}`} s`;
  return seconds >= 60 ? `${text} (${people.duration(seconds)})` : text;
}

/** `12 jobs: 10 completed, 1 failed, 1 skipped`. */
function jobsText(people: Presentation, usage: Usage): string {
  const parts = [
    { count: usage.completed, word: 'completed' },
    { count: usage.failed, word: 'failed' },
    { count: usage.skipped, word: 'skipped' },
  ].filter(({ count }) => count !== 0n);
  const ended = parts.map(({ count, word }) => `${people.count(count)} ${word}`).join(', ');
  return ended === '' ? people.count(usage.jobs) : `${people.count(usage.jobs)}: ${ended}`;
}

export function meteredFields(people: Presentation, usage: Usage): Field[] {
  return [
    { label: 'bytes', text: `${people.bytes(usage.bytes)} (${people.count(usage.bytes)})` },
    { label: 'compute', text: computeText(people, usage.microseconds) },
  ];
}

export function usageFields(people: Presentation, usage: Usage): Field[] {
  return [...meteredFields(people, usage), { label: 'jobs', text: jobsText(people, usage) }];
}

const STATE_TEXTS = {
  open: 'open: not over yet',
  final: 'final',
  expired: 'expired: some counters are gone, so it cannot be billed',
} as const;

export function monthFields(people: Presentation, { month, state, bill }: MonthBill): Field[] {
  const head: Field = {
    label: 'month',
    text: `${month} (${STATE_TEXTS[state]})`,
    ...(state === 'expired' && { tone: 'bad' }),
  };
  if (bill === undefined) return [head];
  const { gross, percent, tier, discount, net } = bill.invoice;
  const from = tier === undefined ? '' : ` (the tier from ${moneyText(tier.threshold)})`;
  return [
    head,
    ...usageFields(people, bill.usage),
    { label: 'gross', text: moneyText(gross) },
    {
      label: 'discount',
      text: discount.isZero()
        ? 'none'
        : `${moneyText(discount.negated())}, ${percent.toDecimalPlaces(2).toString()} %${from}`,
    },
    { label: 'net', text: moneyText(net), tone: 'strong' },
  ];
}
