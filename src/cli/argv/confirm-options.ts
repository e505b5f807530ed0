import { MangamotionError } from '../../errors.js';
import type { OptionSpecs } from './option-specs.js';
import type { CommandContext } from './command.js';

/** The options of commands that ask on a terminal before they destroy anything. */
export const confirmOptions = {
  yes: { short: 'y', description: 'answer yes to every question' },
  noInput: { description: 'never prompt; behave as if there were no terminal' },
} as const satisfies OptionSpecs;

/**
 * `given`: by --yes, or by a person who was asked. `unasked`: there is no terminal, or --no-input
 * says to act as though there were none.
 */
export type Approval = 'given' | 'unasked';

/** Whether `approve` is going to ask, so that what the question is about can be shown before. */
export function willAsk(
  context: Pick<CommandContext, 'isInteractive'>,
  { yes, noInput }: { yes: boolean; noInput: boolean },
): boolean {
  return !yes && !noInput && context.isInteractive;
}

/** Asks on the terminal, if there is one. Rejects with `refused` where the answer is not yes. */
export async function approve(
  context: Pick<CommandContext, 'confirm' | 'isInteractive'>,
  options: { yes: boolean; noInput: boolean },
  question: string,
): Promise<Approval> {
  if (options.yes) return 'given';
  if (!willAsk(context, options)) return 'unasked';
  const answer = await context.confirm(question);
  if (answer === undefined) return 'unasked';
  if (answer) return 'given';
  throw new MangamotionError('refused', 'you answered no: nothing was changed', {
    hint: 'Use --yes to skip the question, or --dry-run to see what would change.',
  });
}
