import type { Finding } from './finding.js';

type Topic =
  | 'settings'
  | 'node'
  | 'redis'
  | 'queue'
  | 'billing'
  | 'store'
  | 'destination'
  | 'schedule'
  | 'drills'
  | 'verification'
  | 'probe';

/** A check of something. What it goes by is gathered beforehand: the decision itself is pure. */
export interface Check<Facts extends object> {
  /** `redis.memory`: the topic, and what of it. */
  name: `${Topic}.${string}`;
  /** The facts that it goes by. */
  needs: readonly (keyof Facts)[];
  /** A check that has no answer by then has failed. */
  limitMs: number;
  // A method, which a check of fewer facts fits into too.
  // oxlint-disable-next-line typescript/no-invalid-void-type -- it uses no `this`
  judge(this: void, facts: Facts): Finding;
}

/** Reading a file, or asking a server on the way of which nothing is known to be wrong. */
const USUAL_LIMIT_MS = 5_000;

/** Writes a check whose decision sees the facts that it needs, and no others. */
export function checkOf<Facts extends object>() {
  return <const Needs extends readonly (keyof Facts)[]>(
    name: Check<Facts>['name'],
    needs: Needs,
    judge: (facts: Pick<Facts, Needs[number]>) => Finding,
    limitMs = USUAL_LIMIT_MS,
  ): Check<Facts> => ({ name, needs, limitMs, judge });
}
