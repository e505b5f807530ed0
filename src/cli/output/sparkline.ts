const LEVELS = '▁▂▃▄▅▆▇█';

/** Draws values as bars of one column each, from 0 to the largest; a blank where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return ' ';
      const level = largest === 0 ? 0 : Math.round((value / largest) * (LEVELS.length - 1));
      return LEVELS[level] ?? '';
    })
    .join('');
}
