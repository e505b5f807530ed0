import process from 'node:process';
import { processEnvironment } from '../config/environment.js';
import { keepHeapSmall } from './run/memory.js';
import { main } from './program.js';

keepHeapSmall();
// Not process.exit(): it would cut off what a pipe has not taken yet.
process.exitCode = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: processEnvironment(),
  cwd: process.cwd(),
  signals: process,
  now: () => new Date(),
});
