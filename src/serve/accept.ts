/** Whether the header Accept names the type and does not prefer the other one. Wildcards count for neither. */
export function prefers(accept: string | undefined, type: string, other: string): boolean {
  return qualityOf(accept, type) > qualityOf(accept, other);
}

/** Returns the weight that the header gives to the type itself; 0 if it does not name the type. */
function qualityOf(accept: string | undefined, type: string): number {
  for (const range of (accept ?? '').split(',')) {
    const [name = '', ...parameters] = range.split(';').map((text) => text.trim().toLowerCase());
    if (name !== type) continue;
    const weight = parameters.find((text) => text.startsWith('q='))?.slice(2);
    return weight === undefined ? 1 : Number(weight) || 0;
  }
  return 0;
}

export const CSV = 'text/csv';

/** Whether a client prefers rows of CSV to a JSON document. */
export function prefersCsv(header: (name: string) => string | undefined): boolean {
  return prefers(header('accept'), CSV, 'application/json');
}
