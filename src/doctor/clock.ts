import { type Finding, failure, ok, warning } from './finding.js';

/** A server tells its time to the second, and the way there takes a while. */
const FINE_MS = 5_000;
/** S3 refuses requests that are 15 minutes off. */
const FATAL_MS = 5 * 60_000;

const HINT =
  'set the clock of the machine that is wrong, and keep it right with NTP (chrony, timesyncd)';

/** Judges by how many ms the clock of a server is ahead of this one. */
export function judgeClock(server: string, aheadMs: number): Finding {
  const offMs = Math.abs(aheadMs);
  if (offMs <= FINE_MS) return ok(`the clocks agree within ${FINE_MS / 1000} s`);
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  const message = `the clock of ${server} is ${Math.round(offMs / 1000)} s ${way} this one`;
  return (offMs > FATAL_MS ? failure : warning)(message, HINT);
}
