import type { ErrorCode } from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';
import type { DrillValues } from './run.js';

export function runCold(
  _context: CommandContext,
  _location: string,
  _values: DrillValues,
): Promise<ErrorCode | undefined> {
  throw new Error('to be done');
}
