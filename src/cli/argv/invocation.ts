import type { Command } from './command.js';
import type { GlobalOptions } from './global-options.js';

/** A command line that was understood. */
export interface Invocation {
  command: Command;
  /** `backup list`. */
  name: string;
  args: Readonly<Record<string, unknown>>;
  options: Readonly<Record<string, unknown>>;
  global: GlobalOptions;
}
