import { expect } from 'vitest';
import { run } from './cli.js';

/** Every command that asks Redis; the last ones would change it. */
export const REPORTS: readonly string[][] = [
  ['billing', 'summary', 'alice'],
  ['billing', 'daily', 'alice'],
  ['billing', 'job', '4711'],
  ['billing', 'all-users'],
  ['billing', 'audit'],
];
export const WRITES: readonly (readonly string[])[] = [
  ['billing', 'track', 'bytes', 'alice', '1', '4711'],
  ['billing', 'reset', 'alice', '--yes'],
];

/** What no output may hold. */
export const PASSWORD = 'a-secret-word';

/**
 * The command fails with status 6: one error that says `what`, nothing on stdout (with --json the
 * error), no stack trace, and no secret, with --debug either.
 */
export async function expectRefusal(
  args: readonly string[],
  env: Record<string, string>,
  what: { code: 'unreachable' | 'access_denied'; says: string },
  cwd?: string,
): Promise<void> {
  const where = { env, ...(cwd !== undefined && { cwd }) };
  const withJson = [...args, '--json', '--debug'];
  // Two resets in one second would want the same name for their export; others run side by side.
  const [people, json] = WRITES.includes(args)
    ? [await run(args, where), await run(withJson, where)]
    : await Promise.all([run(args, where), run(withJson, where)]);
  expect({ args, exitCode: people.exitCode, stdout: people.stdout }).toEqual({
    ...{ args, exitCode: 6, stdout: '' },
  });
  expect(people.stderr).toContain(what.says);
  expect(people.stderr.split('\n').filter((line) => line.startsWith('mangamotion:'))).toHaveLength(
    1,
  );
  expect(people.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  expect(json.exitCode).toBe(6);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: what.code } });
  for (const text of [people.stderr, json.stdout, json.stderr])
    expect(text).not.toContain(PASSWORD);
}
