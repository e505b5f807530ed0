import path from 'node:path';
import { translateFileError } from '../../files/errors.js';
import { SERVERS_FILE, keepServer } from '../../object-store/server-findings.js';
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
  const known: Partial<Record<keyof ServerAnswers, unknown>> = {};
  for (const [question, its] of Object.entries(answers)) {
    if ('answer' in its) known[question as keyof ServerAnswers] = its.answer;
  }
  try {
    return await keepServer(stateFolder, endpoint, { probed_at: now.toISOString(), ...known });
  } catch (error) {
    throw translateFileError(error, 'write', path.join(stateFolder, SERVERS_FILE));
  }
}
