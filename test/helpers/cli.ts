import { mangamotion } from '../e2e/run.js';
import { testStoreOptions } from './test-store.js';

/** The built program, pointed at the server of this run. */

export interface ProgramOptions {
  /** Another address than that of the server of this run. */
  endpoint?: string | undefined;
  /** Over the settings of the store; an empty text unsets one. */
  env?: Record<string, string>;
  cwd?: string;
}

export interface Outcome {
  /** Absent where a signal ended it. */
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/** Never rejects. The child can be sent signals before it is awaited. */
export function run(args: readonly string[], options: ProgramOptions = {}) {
  const { cwd } = options;
  return mangamotion(args, { ...(cwd === undefined ? {} : { cwd }), env: storeSettings(options) });
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

/** Runs a command with --json; the answer, of the shape that the caller expects, and its status. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as JSON.parse cannot know it
export async function runJson<T>(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<{ exitCode: number | undefined; answer: T; stderr: string }> {
  const { exitCode, stdout, stderr } = await run([...args, '--json'], options);
  try {
    return { exitCode, answer: JSON.parse(stdout) as T, stderr };
  } catch (cause) {
    throw new Error(`status ${String(exitCode)}, no JSON: ${stdout}\n${stderr}`, { cause });
  }
}
