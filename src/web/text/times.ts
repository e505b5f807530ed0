const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two units at most: `0.4 s`, `51 s`, `3 m 32 s`, `1 h 20 m`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${padded(whole % MINUTE)} s`;
  const minutes = Math.floor(whole / MINUTE);
  if (whole < DAY) return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** In words of a sentence, rounded down: `27 s`, `13 min`, `1 h 33 m`, `26 h`, `41 d`. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) return `${whole} s`;
  const minutes = Math.floor(whole / MINUTE);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${padded(minutes % 60)} m`;
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** A limit is a round figure: `30 s`, `2 h`, `26 h`, `45 d`; another one is told as a span. */
export function limitText(seconds: number): string {
  if (seconds >= 2 * DAY && seconds % DAY === 0) return `${seconds / DAY} d`;
  return seconds >= HOUR && seconds % HOUR === 0 ? `${seconds / HOUR} h` : spanText(seconds);
}

/** `just now`, `27 s ago`, `1 h 33 m ago`, `in 13 min`. */
export function agoText(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (Math.abs(seconds) < 2) return 'just now';
  return seconds > 0 ? `${spanText(seconds)} ago` : `in ${spanText(-seconds)}`;
}

/** `2026-11-24 14:31:40 UTC` */
export function utcText(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `14:31:40`, in UTC. */
export function clockText(time: Date): string {
  return time.toISOString().slice(11, 19);
}

/** `14:31`, in UTC. */
export function minuteText(time: Date): string {
  return time.toISOString().slice(11, 16);
}

function padded(value: number): string {
  return value.toString().padStart(2, '0');
}
