/** A counter that could not be read, or is negative, as the server names it. */
interface Problem {
  key?: unknown;
  field?: unknown;
  problem?: unknown;
}

const MOST_SHOWN = 5;

/** `compute_seconds of billing:user:u1 is not a number: "abc"`, each once, and how many more there are. */
export function problemTexts(lists: readonly (readonly object[])[]): string[] {
  const texts = [...new Set(lists.flat().map(textOf))];
  if (texts.length <= MOST_SHOWN) return texts;
  return [
    ...texts.slice(0, MOST_SHOWN),
    `${texts.length - MOST_SHOWN} more counters have problems`,
  ];
}

function textOf({ key, field, problem }: Problem): string {
  const of = typeof field === 'string' ? `${field} of ` : '';
  return `${of}${String(key)} ${String(problem)}`;
}
