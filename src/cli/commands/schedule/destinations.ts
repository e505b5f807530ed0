import { isMangamotionError } from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';
import { readSchedule } from './file.js';
import { withDestination } from './validate.js';

/** The destinations that the schedule writes into; none if its file cannot be read or has mistakes. */
export async function scheduledDestinations(
  context: CommandContext,
  file: string,
): Promise<string[]> {
  try {
    const { entries, problems } = await readSchedule(context, file, { acceptsPipe: false });
    if (problems.length > 0) return [];
    const found = await Promise.all(entries.map((entry) => withDestination(entry, context)));
    return found.flatMap(({ destination }) => destination ?? []);
  } catch (error) {
    if (isMangamotionError(error)) return [];
    throw error;
  }
}
