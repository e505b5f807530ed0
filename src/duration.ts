const SECONDS_OF: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/**
 * Milliseconds of `90s`, `30m`, `26h`, `7d` or `2w`; also of several, `1d12h`, and of `0s`. A day has
 * 24 hours. `undefined` for anything else.
 */
export function durationMs(text: string): number | undefined {
  if (!/^(\d{1,6}[smhdw])+$/.test(text)) return undefined;
  const seconds = [...text.matchAll(/(\d+)(.)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (SECONDS_OF[unit] ?? 0),
    0,
  );
  return seconds * 1000;
}
