import process from 'node:process';
import { processEnvironment } from '../config/environment.js';
import { exitStatusOf } from '../errors.js';
import { keepHeapSmall } from './run/memory.js';
import { main } from './program.js';

const ENDED_BY_SIGNAL: ReadonlySet<number> = new Set([
  exitStatusOf('interrupted'),
  exitStatusOf('terminated'),
]);

keepHeapSmall();
const status = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: processEnvironment(),
  cwd: process.cwd(),
  signals: process,
  now: () => new Date(),
});
// Not process.exit() at once: it would cut off what a pipe has not taken yet.
process.exitCode = status;
if (ENDED_BY_SIGNAL.has(status)) {
  // A library may still wait for an answer that nobody needs any more.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
