/**
 * The names of claims that are never rewritten or deleted. Each time such a claim is put, it gets another
 * part, `CLAIM.000001`, `CLAIM.000002` and so on; the newest part counts. An object `CLAIM.end-UUID` removes
 * the claim. CLAIM is `NAME~UUID`, because a name that was removed may be put again. A version of this program that does not know series takes each part,
 * and each end, for a claim of its own that blocks it until its lease is over. Pure.
 */

/** A claim and the names of its objects. One that is rewritten has a single part of its own name. */
export interface ClaimSeries {
  claim: string;
  /** Oldest first; empty if only ends are left. */
  parts: string[];
  ends: string[];
}

const PART = /^(.+)\.(\d{6,15})$/s;
const END = /^(.+)\.end-[0-9a-f-]{36}$/s;

export function claimName(name: string, id: string): string {
  return `${name}~${id}`;
}

/** Returns the name under which a claim was put. */
export function nameOf(claim: string): string {
  return claim.replace(/~[0-9a-f-]{36}$/, '');
}

/** `number` begins at 1. */
export function partName(claim: string, number: number): string {
  return `${claim}.${String(number).padStart(6, '0')}`;
}

/** `id` is a UUID, so that two runs that end a claim do not overwrite each other's object. */
export function endName(claim: string, id: string): string {
  return `${claim}.end-${id}`;
}

/** Groups the names of all objects by their claims. */
export function seriesOf(names: readonly string[]): ClaimSeries[] {
  const found = new Map<string, { numbered: { name: string; number: number }[]; ends: string[] }>();
  const of = (claim: string) => {
    const series = found.get(claim) ?? { numbered: [], ends: [] };
    found.set(claim, series);
    return series;
  };
  for (const name of names) {
    const ended = END.exec(name)?.[1];
    const [, claim = name, number = '0'] = PART.exec(name) ?? [];
    if (ended !== undefined) of(ended).ends.push(name);
    else of(claim).numbered.push({ name, number: Number(number) });
  }
  return [...found].map(([claim, { numbered, ends }]) => ({
    claim,
    parts: numbered.sort((a, b) => a.number - b.number).map(({ name }) => name),
    ends,
  }));
}

/** Whether the claim counts: it has a part, and nobody has ended it. */
export function isStanding({ parts, ends }: ClaimSeries): boolean {
  return parts.length > 0 && ends.length === 0;
}

/** Whether the claim was put as parts, which are never removed one by one. */
export function isSeries({ claim, parts }: ClaimSeries): boolean {
  return parts.some((name) => name !== claim);
}

/** Returns the names of all objects of claims that were ended. */
export function endedObjects(names: readonly string[]): { parts: string[]; ends: string[] } {
  const ended = seriesOf(names).filter(({ ends }) => ends.length > 0);
  return {
    parts: ended.flatMap(({ parts }) => parts),
    ends: ended.flatMap(({ ends }) => ends),
  };
}
