import type { ReadRecords } from '../../../drill/records.js';
import type { CommandContext } from '../../argv/command.js';

const MOST_NAMED = 5;

/** Names the damaged lines of the records: the first of them, and how many there are. */
export function warnOfDamaged(
  { warn }: Pick<CommandContext, 'warn'>,
  damaged: ReadRecords['damaged'],
): void {
  for (const { file, fromEnd } of damaged.slice(0, MOST_NAMED)) {
    warn(`${file}: line ${fromEnd} from the end is not a record of a drill`);
  }
  const more = damaged.length - MOST_NAMED;
  if (more > 0) warn(`${more} more lines of the records are not records of a drill`);
}
