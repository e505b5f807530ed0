const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `0 B`, `1023 B`, `1.0 KiB`, `9.9 GiB`, `210 GiB`, `-4.7 GiB`. */
export function formatBytes(bytes: number | bigint): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  let value = Number(bytes);
  let unit = 0;
  // 1023.5 would be shown as 1024 of the smaller unit.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? 'B'}`;
}
