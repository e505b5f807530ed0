import { mangamotion } from '../e2e/run.js';
import { runHere, type Outcome } from './in-process.js';
import { testStoreOptions } from './test-store.js';

/** The program, pointed at the server of this run. */

export interface ProgramOptions {
  /** Another address than that of the server of this run. */
  endpoint?: string | undefined;
  /** Over the settings of the store; an empty text unsets one. */
  env?: Record<string, string>;
  cwd?: string;
}

export type { Outcome };

/** Runs a command in this process. Never rejects. */
export function run(args: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
  return runHere(args, { cwd: options.cwd, env: storeSettings(options) });
}

/** The built program in a process of its own, which can be sent signals before it is awaited. */
export function runProcess(
  args: readonly string[],
  { node, ...options }: ProgramOptions & { node?: string } = {},
) {
  return mangamotion(args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(node === undefined ? {} : { node }),
    env: storeSettings(options),
  });
}

/** The settings of the store as a user would put them into the environment. */
export function storeSettings({ endpoint, env = {} }: ProgramOptions = {}): Record<string, string> {
  const server = testStoreOptions();
  const scheme = server.useTls ? 'https' : 'http';
  const settings = {
    MINIO_ENDPOINT: endpoint ?? `${scheme}://${server.endpoint}:${server.port}`,
    MINIO_ACCESS_KEY: server.accessKey,
    MINIO_SECRET_KEY: server.secretKey,
    ...env,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''));
}

export interface JsonOutcome<T> {
  exitCode: number | undefined;
  answer: T;
  stderr: string;
}

/** Runs a command with --json; the answer, of the shape that the caller expects, and its status. */
export async function runJson<T>(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<JsonOutcome<T>> {
  return answerOf(await run([...args, '--json'], options));
}

/** The same in a process of its own: for runs that compete with each other. */
export async function runJsonProcess<T>(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<JsonOutcome<T>> {
  return answerOf(await runProcess([...args, '--json'], options));
}

function answerOf<T>({ exitCode, stdout, stderr }: Outcome): JsonOutcome<T> {
  try {
    return { exitCode, answer: JSON.parse(stdout) as T, stderr };
  } catch (cause) {
    throw new Error(`status ${String(exitCode)}, no JSON: ${stdout}\n${stderr}`, { cause });
  }
}
