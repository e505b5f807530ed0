import { isMangamotionError, messageOf } from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';
import { readSchedule } from './file.js';
import { withDestination } from './validate.js';

/**
 * The destinations that the schedule writes into; none if its file cannot be read or has mistakes, which
 * `onUnread` is told. A file that does not exist names none.
 */
export async function scheduledDestinations(
  context: CommandContext,
  file: string,
  onUnread: (why: string) => void = () => undefined,
): Promise<string[]> {
  try {
    const { entries, problems } = await readSchedule(context, file, { acceptsPipe: false });
    if (problems.length > 0) {
      onUnread(`${file} has mistakes: see mangamotion schedule check`);
      return [];
    }
    const found = await Promise.all(entries.map((entry) => withDestination(entry, context)));
    return found.flatMap(({ destination }) => destination ?? []);
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    if (error.code !== 'not_found') onUnread(messageOf(error));
    return [];
  }
}
