import { inspect } from 'node:util';
import { redact, secretsOf } from '../../config/redact.js';
import { exitStatusOf, isMangamotionError } from '../../errors.js';
import type { Host } from '../host.js';
import { toJson } from '../../json.js';
import type { Sink } from '../output/sink.js';
import { namedOnce } from './named-once.js';
import { visibleLines } from '../output/terminal-text.js';

export interface FailureReport {
  host: Host;
  sink: Sink;
  /** Whether stdout owes its reader a JSON document. */
  json: boolean;
  debug: boolean;
  /** Besides those in the environment. */
  secrets: Iterable<string>;
}

interface Failure {
  code: string;
  message: string;
  hint: string | undefined;
  status: number;
}

/** Tells the user, on stderr and (with --json) on stdout. Resolves to the exit status. */
export async function reportFailure(error: unknown, report: FailureReport): Promise<number> {
  const { host, sink } = report;
  const clean = cleaner(report);
  const failure = describe(error);
  host.stderr.write(clean(humanLines(failure)));
  if (report.debug) host.stderr.write(clean(`${inspect(error, { depth: 4 })}\n`));
  if (report.json) {
    const document = toJson(failureDocument(error, report), { indent: true });
    // Where stdout is broken there is nobody to tell: stderr has it.
    await sink.write(`${document}\n`).catch(() => undefined);
    await sink.flush().catch(() => undefined);
  }
  return failure.status;
}

/** `{"error": {code, message, hint}}`, without secrets. */
export function failureDocument(
  error: unknown,
  report: Pick<FailureReport, 'host' | 'secrets'>,
): object {
  const { code, message, hint } = describe(error);
  const secrets = [...secretsOf(report.host.env), ...report.secrets];
  return {
    error: {
      code,
      message: redact(message, secrets),
      hint: hint === undefined ? null : redact(hint, secrets),
    },
  };
}

function cleaner(report: FailureReport): (text: string) => string {
  const secrets = [...secretsOf(report.host.env), ...report.secrets];
  return (text) => visibleLines(redact(text, secrets));
}

function describe(error: unknown): Failure {
  if (isMangamotionError(error)) {
    const { code, message, hint } = error;
    return { code, message: namedOnce(message), hint, status: exitStatusOf(code) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal',
    message: `unexpected error: ${message}; this is a bug`,
    hint: 'run the command again with --debug, and report what it prints',
    status: exitStatusOf('internal'),
  };
}

function humanLines({ message, hint }: Failure): string {
  const first = `mangamotion: ${message}\n`;
  return hint === undefined ? first : `${first}  hint: ${hint}\n`;
}
