import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { readSmallFile, replaceFile } from '../../files/bounded.js';
import { translateFileError } from '../../files/errors.js';
import type { AnswerSheet, ServerAnswers } from './answers.js';

const FILE = 'servers.json';
const MOST_BYTES = 1024 * 1024;
const VERSION = 1;

const schema = v.object({
  version: v.literal(VERSION),
  servers: v.record(v.string(), v.looseObject({ probed_at: v.string() })),
});

/**
 * Keeps what a probe found out about a server, by its endpoint, in the state folder. What is not known is
 * left out. A file that cannot be read begins anew. Resolves to its path.
 */
export async function keepAnswers(
  stateFolder: string,
  endpoint: string,
  { answers, now }: { answers: AnswerSheet; now: Date },
): Promise<string> {
  const file = path.join(stateFolder, FILE);
  const known: Partial<Record<keyof ServerAnswers, unknown>> = {};
  for (const [question, its] of Object.entries(answers)) {
    if ('answer' in its) known[question as keyof ServerAnswers] = its.answer;
  }
  const servers = {
    ...(await readServers(file)),
    [endpoint]: { probed_at: now.toISOString(), ...known },
  };
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    await replaceFile(file, `${JSON.stringify({ version: VERSION, servers }, null, 2)}\n`);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
  return file;
}

async function readServers(file: string): Promise<Record<string, object>> {
  try {
    const { bytes } = await readSmallFile(file, { mostBytes: MOST_BYTES });
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), bytes.toString('utf8'));
    return parsed.success ? parsed.output.servers : {};
  } catch {
    return {};
  }
}
