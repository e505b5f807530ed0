import { pino } from 'pino';
import type { DaemonLog } from '../../../schedule/log.js';
import type { CommandContext } from '../../argv/command.js';

/** Lines of JSON on stdout, as pino has them; on a terminal, lines for people. */
export function openDaemonLog({ output, now }: CommandContext): DaemonLog {
  const write = (line: string) => {
    // A reader that is gone, or a disk that is full, must not end the daemon: its runs go on.
    output.bytes(Buffer.from(line)).catch(() => undefined);
  };
  const stream = output.onTerminal
    ? { write: (line: string) => write(forPeople(line)) }
    : { write };
  return pino(
    {
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    stream,
  );
}

interface Line {
  level: string;
  time: string;
  message: string;
  entry?: string;
}

function forPeople(line: string): string {
  const { level, time, message, entry, ...others } = JSON.parse(line) as Line;
  const fields = Object.entries(others).filter(([name]) => name !== 'stream');
  const parts = [
    time.slice(0, 19).replace('T', ' '),
    ...(level === 'info' ? [] : [`${level}:`]),
    ...(entry === undefined ? [] : [`${entry}:`]),
    message,
    ...fields.map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ];
  // What a run prints may have anything in it: no control characters for the terminal.
  return `${parts.join(' ').replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, ' ')}\n`;
}
