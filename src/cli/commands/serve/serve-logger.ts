import { pino, type Logger } from 'pino';
import { logSink } from '../../../serve/log-sink.js';
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
    {
      write: logSink(
        (bytes) => output.bytes(bytes),
        (lines) => {
          const message = 'lines of the log were lost: nobody read them';
          return `${JSON.stringify({ level: 'warn', time: now().toISOString(), lines, message })}\n`;
        },
      ),
    },
  );
}
