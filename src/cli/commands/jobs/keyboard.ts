import process from 'node:process';
import { emitKeypressEvents } from 'node:readline';
import type { Readable } from 'node:stream';

/** A key that was pressed: its name, and the character that it writes. */
export interface Key {
  name: string | undefined;
  text: string;
}

interface TerminalInput extends Readable {
  isTTY?: boolean;
  setRawMode?: (isRaw: boolean) => unknown;
}

/**
 * Calls the listener for each key, without waiting for Enter. Ctrl-C still interrupts. Does nothing where
 * the input is not a terminal. The returned function gives the terminal back as it was; at any other end of
 * the process Node.js does that.
 */
export function listenToKeys(input: Readable, onKey: (key: Key) => void): () => void {
  const terminal: TerminalInput = input;
  if (terminal.isTTY !== true || terminal.setRawMode === undefined) return () => undefined;
  const onKeypress = (
    text: string | undefined,
    key: { name?: string; ctrl?: boolean; meta?: boolean },
  ): void => {
    if (key.ctrl === true && key.name === 'c') process.kill(process.pid, 'SIGINT');
    // Escape alone counts as meta too.
    if (key.ctrl === true || (key.meta === true && key.name !== 'escape')) return;
    onKey({ name: key.name, text: text ?? '' });
  };
  // A terminal that is gone sends SIGHUP too, which ends the program.
  const onError = (): void => undefined;
  emitKeypressEvents(terminal);
  terminal.on('keypress', onKeypress);
  terminal.on('error', onError);
  terminal.setRawMode(true);
  terminal.resume();
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    terminal.off('keypress', onKeypress);
    terminal.off('error', onError);
    try {
      terminal.setRawMode?.(false);
    } catch {
      // The terminal is gone.
    }
    terminal.pause();
  };
}
