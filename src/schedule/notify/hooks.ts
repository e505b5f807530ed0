import type { ProxySettings } from '../../config/proxy.js';
import type { RunRecord } from '../state/record.js';
import { runHookCommand } from './hook-command.js';
import type { DaemonLog } from '../log.js';
import type { SendTiming } from './send.js';
import { sendWithRetries } from './send.js';

export interface HookRequest {
  /** An entry's on-failure or on-success: a URL, or a command line for the shell. */
  hook: string;
  record: RunRecord;
  /** The last lines of the run's log. */
  logTail: string | undefined;
  /** Aborting it ends the hook. */
  signal: AbortSignal;
  log: DaemonLog;
  /** The working directory of a command. */
  cwd: string;
  /** The secret settings that a command has in its environment. */
  passEnv: readonly string[];
  proxies?: ProxySettings | undefined;
  /** For tests. */
  timing?: HookTiming | undefined;
}

interface HookTiming {
  /** A command that takes longer is ended, and killed after `graceMs` more. */
  commandMs: number;
  graceMs: number;
  send?: SendTiming;
}

const TIMING: HookTiming = { commandMs: 60_000, graceMs: 5000 };

/** What a hook receives, as JSON. */
type HookDocument = RunRecord & { log_tail: string | null };

/** Runs a hook for a run that has ended. Never rejects: a failure is logged. */
export async function runHook(request: HookRequest): Promise<void> {
  const { hook, record, logTail, signal, log } = request;
  const isUrl = /^https?:\/\//i.test(hook);
  // URLs and command lines are not logged: both may hold a secret.
  const fields = { entry: record.name, run: record.id, hook: isUrl ? 'url' : 'command' };
  if (signal.aborted) {
    log.warn(fields, 'a hook was not run: there was no time for it');
    return;
  }
  const body = JSON.stringify({ ...record, log_tail: logTail ?? null } satisfies HookDocument);
  const { problem, ...more } = isUrl
    ? await post(request, body)
    : await runHookCommand({ ...request, timing: request.timing ?? TIMING, body });
  if (problem === undefined) log.info({ ...fields, ...more }, 'a hook was run');
  else log.warn({ ...fields, ...more }, `a hook failed: ${problem}`);
}

async function post(
  { hook, signal, timing, proxies }: HookRequest,
  body: string,
): Promise<{ problem: string | undefined; to?: string }> {
  if (!URL.canParse(hook)) return { problem: 'its URL is not valid' };
  const url = new URL(hook);
  const headers = { 'content-type': 'application/json' };
  // Redirections are not followed: they would lose the body.
  const init = { method: 'POST', headers, body, redirect: 'manual' } as const;
  const problem = await sendWithRetries({ url, init, signal, proxies, timing: timing?.send });
  return { problem, to: url.origin };
}
