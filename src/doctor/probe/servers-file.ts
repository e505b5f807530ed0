import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../../files/bounded.js';
import { translateFileError } from '../../files/errors.js';
import { SERVERS_FILE, SERVERS_VERSION, readServers } from '../../object-store/server-findings.js';
import type { AnswerSheet, ServerAnswers } from './answers.js';

/**
 * Keeps what a probe found out about a server, by its endpoint, in the state folder. What is not known is
 * left out. A file that cannot be read begins anew. Resolves to its path.
 */
export async function keepAnswers(
  stateFolder: string,
  endpoint: string,
  { answers, now }: { answers: AnswerSheet; now: Date },
): Promise<string> {
  const file = path.join(stateFolder, SERVERS_FILE);
  const known: Partial<Record<keyof ServerAnswers, unknown>> = {};
  for (const [question, its] of Object.entries(answers)) {
    if ('answer' in its) known[question as keyof ServerAnswers] = its.answer;
  }
  const servers = {
    ...(await readServers(stateFolder)),
    [endpoint]: { probed_at: now.toISOString(), ...known },
  };
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    await replaceFile(file, `${JSON.stringify({ version: SERVERS_VERSION, servers }, null, 2)}\n`);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
  return file;
}
