import { isMangamotionError } from '../../../errors.js';
import { catalog } from '../../catalog.js';
import { parseCommandLine } from '../../parser.js';

const HELP_WIDTH = 80;

/** What is wrong with a command line of the schedule, by the parser that will run it. */
export async function validateCommand(argv: readonly string[]): Promise<string | undefined> {
  try {
    const parsed = await parseCommandLine(argv, catalog, HELP_WIDTH);
    if (parsed.kind !== 'run') return `\`${argv.join(' ')}\` runs nothing`;
    const [group] = parsed.invocation.name.split(' ');
    return group === 'schedule' ? 'a schedule cannot run a schedule' : undefined;
  } catch (error) {
    if (isMangamotionError(error, 'usage')) return error.message;
    throw error;
  }
}
