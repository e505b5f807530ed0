import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { processEnvironment, withoutSecrets } from '../config/environment.js';
import { redact, secretsOf } from '../config/redact.js';
import { messageOf } from '../errors.js';
import { ProcessGroup } from '../schedule/run/process-group.js';
import type { CheckCommand, RestoredPlace } from './check.js';
import { CHECK_OUTPUT_BYTES } from './limits.js';
import { rounded } from './steps.js';

/** More is kept until secrets are removed, so that no part of one is left at the begin. */
const KEPT_BYTES = 4 * CHECK_OUTPUT_BYTES;
const LAST_OUTPUT_MS = 500;

/**
 * Returns a test that runs a command line in the shell, without our secrets in its environment. A
 * signal ends it with all its children.
 */
export function shellCheck(command: string, cwd: string): CheckCommand {
  return async (place, signal) => {
    signal.throwIfAborted();
    const begunAtMs = performance.now();
    const env = { ...withoutSecrets(processEnvironment()), ...variablesOf(place) };
    const child = spawn('/bin/sh', ['-c', command], {
      ...{ cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    const group = new ProcessGroup(child.pid);
    const end = () => group.end('the drill was ended');
    signal.addEventListener('abort', end, { once: true });
    let kept = Buffer.alloc(0);
    const keep = (chunk: Buffer) => {
      kept = Buffer.from(Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES));
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let failure = '';
    let exitCode: number | null = null;
    try {
      const closed = once(child, 'close').catch(() => undefined);
      [exitCode] = (await once(child, 'exit')) as [number | null];
      // What the command leaves running may hold its output open for ever.
      await Promise.race([closed, delay(LAST_OUTPUT_MS, undefined, { ref: false })]);
    } catch (error) {
      failure = messageOf(error);
    } finally {
      group.hasEnded();
      signal.removeEventListener('abort', end);
      child.stdout.destroy();
      child.stderr.destroy();
    }
    signal.throwIfAborted();
    const text = redact(kept.toString('utf8') + failure, secretsOf(processEnvironment()));
    return {
      exit_code: exitCode,
      seconds: rounded((performance.now() - begunAtMs) / 1000),
      output: lastBytes(text, CHECK_OUTPUT_BYTES),
    };
  };
}

/** The names are a promise to the operator's tests. */
function variablesOf({ scenario, backup, server, buckets }: RestoredPlace): Record<string, string> {
  return {
    MANGAMOTION_DRILL_SCENARIO: scenario,
    MANGAMOTION_DRILL_BACKUP: backup,
    MANGAMOTION_DRILL_SERVER: server,
    MANGAMOTION_DRILL_BUCKETS: JSON.stringify(buckets),
  };
}

/** Returns the end of a text, without a character that is cut in two. */
function lastBytes(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - mostBytes);
  while (from > 0 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.toString('utf8', from);
}
