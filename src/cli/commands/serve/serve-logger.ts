import { pino, type Logger } from 'pino';
import type { CommandContext } from '../../argv/command.js';

/** Returns the log of the server: a line of JSON on stdout for each entry. */
export function serveLogger({ output, now }: CommandContext): Logger {
  return pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    // A reader that is gone must not end the server.
    { write: (line: string) => void output.bytes(Buffer.from(line)).catch(() => undefined) },
  );
}
