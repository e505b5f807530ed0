import process from 'node:process';
import { processEnvironment } from '../config/environment.js';
import { NAMES_COMMAND } from './completion/names-command.js';
import { keepHeapSmall } from './run/memory.js';
import { main } from './program.js';

keepHeapSmall();
// Not process.exit(): it would cut off what a pipe has not taken yet.
const argv = process.argv.slice(2);
process.exitCode = await main(argv, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: processEnvironment(),
  cwd: process.cwd(),
  signals: process,
  now: () => new Date(),
});
// A shell waits for the end. A server that does not answer must not put it off.
if (argv[0] === NAMES_COMMAND) process.exit();
