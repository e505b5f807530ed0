import { MangamotionError } from '../../errors.js';
import type { CommandContext } from './command.js';

/**
 * `given`: by --yes, or by a person who was asked. `unasked`: there is no terminal, or --no-input
 * says to act as though there were none.
 */
export type Approval = 'given' | 'unasked';

/** Whether `approve` is going to ask, so that what the question is about can be shown before. */
export function willAsk(context: Pick<CommandContext, 'isInteractive' | 'saysYes'>): boolean {
  return !context.saysYes && context.isInteractive;
}

/** Asks on the terminal, if there is one. Rejects with `refused` where the answer is not yes. */
export async function approve(
  context: Pick<CommandContext, 'confirm' | 'isInteractive' | 'saysYes'>,
  question: string,
): Promise<Approval> {
  if (context.saysYes) return 'given';
  if (!willAsk(context)) return 'unasked';
  const answer = await context.confirm(question);
  if (answer === undefined) return 'unasked';
  if (answer) return 'given';
  throw new MangamotionError('refused', 'you answered no: nothing was changed', {
    hint: 'Use --yes to skip the question, or --dry-run to see what would change.',
  });
}
