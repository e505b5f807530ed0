import process from 'node:process';
import { processEnvironment } from '../config/environment.js';
import { SHARD_COMMAND } from './commands/backup/shard-command.js';
import { NAMES_COMMAND } from './completion/names-command.js';
import { keepHeapSmall } from './run/memory.js';
import { main } from './program.js';

keepHeapSmall();
const argv = process.argv.slice(2);
const ending = { isAsked: false };
/** Present in a process that captures a shard for `backup worker`: that tells it when to end. */
const parent =
  argv[0] === SHARD_COMMAND
    ? (await import('../engine/child/parent.js')).parentOf(process)
    : undefined;
const status = await main(argv, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: processEnvironment(),
  cwd: process.cwd(),
  signals: parent?.signals ?? process,
  // A server ends well when it is told to, with status 0.
  onAskedToEnd: () => (ending.isAsked = true),
  now: () => new Date(),
});
// Not process.exit() at once: it would cut off what a pipe has not taken yet.
process.exitCode = status;
// After an error, too, something may still wait for an answer that nobody needs any more.
if (ending.isAsked || status !== 0)
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
// A shell waits for the end.
else if (argv[0] === NAMES_COMMAND) process.exit();
