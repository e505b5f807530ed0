const INSTANT =
  /^([1-9]\d{3})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Milliseconds of Unix time of a text in RFC 3339; `undefined` for what is none. */
export function instantOf(text: string | null): number | undefined {
  const parts = INSTANT.exec(text ?? '');
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map(Number);
  const isTime = hour <= 23 && minute <= 59 && second <= 60;
  if (month < 1 || month > 12 || day < 1 || day > 31 || !isTime) return undefined;
  const ms = Number(`${parts[7] ?? ''}000`.slice(0, 3));
  const offset = (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0)) * 60_000;
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  return parts[8] === '-' ? local + offset : local - offset;
}
