import { catalog } from '../../src/cli/catalog.js';
import { runMain, world, type Outcome } from '../unit/cli/world.js';

/** Runs the program in this process, at a time of the caller's; on a terminal where it has columns. */
export function runAt(
  now: string,
  args: readonly string[],
  options: { env: Record<string, string>; columns?: number },
): Promise<Outcome> {
  return runMain(args, catalog, world({ ...options, now: () => new Date(now) }));
}
