import { Readable } from 'node:stream';
import type { Config } from '../../config/load.js';
import { redact, secretsOf } from '../../config/redact.js';
import { MangamotionError, exitStatusOf } from '../../errors.js';
import { colorLevel } from '../output/color-level.js';
import type { Catalog, CommandContext, LineLog } from '../argv/command.js';
import { failureDocument, reportFailure } from './failure.js';
import type { GlobalOptions } from '../argv/global-options.js';
import { settingFlagsOf } from '../argv/global-options.js';
import { type Host, canAnimate, canAsk } from '../host.js';
import { Output } from '../output/output.js';
import type { Invocation } from '../argv/invocation.js';
import { createProgress, systemTicker } from '../progress/progress.js';
import type { Progress } from '../progress/progress.js';
import { watchSignals } from './signals.js';
import type { Sink } from '../output/sink.js';
import { visible } from '../output/terminal-text.js';
import { namedOnce } from './named-once.js';
import { openSession } from './session.js';
import type { Session } from './session.js';

/** Runs a command that was understood, and reports how it ended. Resolves to the exit status. */
export async function runCommand(
  invocation: Invocation,
  catalog: Catalog,
  host: Host,
  sink: Sink,
): Promise<number> {
  const { global, command } = invocation;
  const secrets = () => [...secretsOf(host.env), ...session.secrets()];
  const clean = (line: string) => visible(redact(line, secrets()));
  const progress = progressOf(global, host, clean);
  let log: LineLog | undefined;
  const warn = (message: string) => {
    if (log === undefined) progress.warn(`mangamotion: warning: ${namedOnce(message)}`);
    else log.warn({}, clean(namedOnce(message)));
  };
  const note = (message: string) => {
    if (log === undefined) progress.note(`mangamotion: ${message}`);
    else log.info({}, clean(message));
  };
  const hangupListeners: (() => void)[] = [];
  const watch = watchSignals(host.signals, {
    onFirst: () => {
      host.onAskedToEnd?.();
      note('cleaning up; send the signal again to stop at once');
    },
    limitMs: command.endsInItsOwnTime === true ? undefined : CLEAN_UP_MS,
    onLate: () => note(CLEAN_UP_GIVEN_UP),
    ignoresInterrupt: () => command.ignoresInterrupt === true || output.isPaging,
    onHangup:
      command.staysOnHangup === true ? () => hangupListeners.forEach((tell) => tell()) : undefined,
  });
  const session = openSession(global, host, watch.signal, warn, note);
  const output = outputOf(invocation, host, sink, session, warn);
  try {
    refuseImpossible(invocation);
    const context: CommandContext = {
      ...session,
      ...shownWhileConnecting(session, progress),
      confirm: async (question) => {
        if (global.noInput) return undefined;
        const { confirm } = await import('./confirm.js');
        return await confirm(host, question, watch.signal);
      },
      isInteractive: canAsk(host) && !global.noInput,
      saysYes: global.yes,
      onHangup: (listener) => hangupListeners.push(listener),
      settingFlags: settingFlagsOf(global),
      stdin: host.stdin ?? Readable.from([]),
      dryRun: await isDryRun(invocation, () => session.config()),
      output,
      progress,
      catalog,
      signal: watch.signal,
      now: () => host.now(),
      cwd: host.cwd,
      warn,
      logTo: (one) => (log = one),
    };
    return exitStatusOf(await command.run(context, invocation.args, invocation.options));
  } catch (error) {
    progress.done();
    return await reportFailure(endingOf(error, watch.signal), {
      host,
      sink,
      json: global.json && !output.begun,
      debug: global.debug,
      secrets: session.secrets(),
    });
  } finally {
    progress.done();
    session.close();
    watch.dispose();
  }
}

/** Longer than any clean-up takes at a server that answers. */
const CLEAN_UP_MS = 5 * 60_000;
const CLEAN_UP_GIVEN_UP =
  'cleaning up took more than 5 minutes, and is given up; what is left is dealt with as after a crash';

/** On a terminal something is seen at once, also where a server takes its time. */
function shownWhileConnecting(
  { openStore, openBackupStore, openCopyStore, openDrillStore, openRedis }: Session,
  progress: Progress,
): Pick<
  CommandContext,
  'openStore' | 'openBackupStore' | 'openCopyStore' | 'openDrillStore' | 'openRedis'
> {
  const shown = async <T>(what: string, opening: Promise<T>): Promise<T> => {
    const stop = progress.waitFor(`connecting to ${what}`);
    return await opening.finally(stop);
  };
  return {
    openStore: (...wanted) => shown('the object store', openStore(...wanted)),
    openBackupStore: () => shown('the object store', openBackupStore()),
    openCopyStore: () => shown('the object store', openCopyStore()),
    openDrillStore: (elsewhere) => shown('the server for drills', openDrillStore(elsewhere)),
    openRedis: () => shown('Redis', openRedis()),
  };
}

/** What goes wrong because of a signal went wrong by that signal, whatever it looks like. */
function endingOf(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : error;
}

function refuseImpossible({ command, global, name }: Invocation): void {
  const csv = global.csv || global.rawCsv;
  if (csv && !command.printsRows) {
    throw new MangamotionError('usage', `\`${name}\` has no rows to print as CSV`, {
      hint: 'use --json',
    });
  }
  if (global.fields !== undefined && !csv && !global.json) {
    throw new MangamotionError('usage', '--fields needs --json or --csv');
  }
  if (csv && global.json) {
    throw new MangamotionError('usage', '--json and --csv cannot be combined');
  }
}

/** DRY_RUN=true must never be overlooked: a command that cannot run dry does not run. */
async function isDryRun(
  { command, options, name }: Invocation,
  config: () => Promise<Config>,
): Promise<boolean> {
  if (command.changes === 'nothing') return false;
  if (options.dryRun === true) return true;
  const { dryRun } = await config();
  if (dryRun && command.changes === 'always') {
    throw new MangamotionError('usage', `DRY_RUN is set, but \`${name}\` has no dry run`, {
      hint: 'unset DRY_RUN or set it to false to run the command',
    });
  }
  return dryRun;
}

function outputOf(
  invocation: Invocation,
  host: Host,
  sink: Sink,
  session: Session,
  warn: (message: string) => void,
): Output {
  const { json, csv, rawCsv, noColor, noPager, utc, wide, fields } = invocation.global;
  return new Output(host, sink, {
    format: json ? 'json' : csv || rawCsv ? 'csv' : 'human',
    rawCsv,
    noColor,
    wide,
    fields,
    strictFields: invocation.command.changes === 'nothing' || invocation.options.dryRun === true,
    warn,
    usesPager: !noPager,
    utc,
    describeFailure: (error) => failureDocument(error, { host, secrets: session.secrets() }),
  });
}

function progressOf(
  { quiet, noColor }: GlobalOptions,
  { stderr, env }: Host,
  clean: (line: string) => string,
): Progress {
  const isTerminal = stderr.isTTY === true;
  return createProgress({
    stream: stderr,
    quiet,
    isAnimated: () => canAnimate(stderr, env),
    colored: colorLevel({ isTerminal, forbidden: noColor, env }) > 0,
    clean,
    ticker: systemTicker,
  });
}
