import { decimalOf, decimalText } from './decimal.js';

/** Hours with one place: `1,587.4`; less than that is not 0: `< 0.1`. */
export function hoursText(seconds: number): string {
  const hours = seconds / 3600;
  if (hours > 0 && hours < 0.05) return '< 0.1';
  return seconds === 0 ? '0' : decimalText(decimalOf(hours.toFixed(1)));
}
