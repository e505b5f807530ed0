import 'commander';
import 'execa';
import 'pino';
import 'prom-client';
import 'valibot';

/** The floor of an idle daemon: a process that loads the same libraries, and waits. */

setInterval(() => undefined, 60_000);
