import { MangamotionError, exitStatusOf } from '../../errors.js';
import type { SignalSource } from '../host.js';

/** What ends a command before its time. A closed terminal (SIGHUP) terminates most of them too. */
const CODES = { SIGINT: 'interrupted', SIGTERM: 'terminated', SIGHUP: 'terminated' } as const;
type Name = keyof typeof CODES;

export interface SignalOptions {
  /** Told of the first signal. */
  onFirst: (name: Name) => void;
  /** How long the command may take to end after it; `undefined`: as long as it likes. */
  limitMs: number | undefined;
  /** Told when it takes longer, before the process ends. */
  onLate: () => void;
  /** Called at every SIGHUP, which then ends nothing. */
  onHangup: (() => void) | undefined;
  /** SIGINT is for a child on the same terminal, and ends nothing here. */
  ignoresInterrupt?: () => boolean;
}

export interface SignalWatch {
  /** Aborted by the first signal; its reason is the MangamotionError to end with. */
  signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/**
 * The first signal asks the command to clean up and end; the second of the same name ends the
 * process at once, and so does the end of the limit: a server that takes requests and never answers
 * would keep the command for as long as all attempts take.
 */
export function watchSignals(
  source: SignalSource,
  { onFirst, limitMs, onLate, onHangup, ignoresInterrupt }: SignalOptions,
): SignalWatch {
  const controller = new AbortController();
  let limit: NodeJS.Timeout | undefined;
  const end = (name: Name) => {
    onLate();
    source.exit(exitStatusOf(CODES[name]));
  };
  const listeners = (Object.keys(CODES) as Name[]).map((name) => {
    let count = 0;
    const listener = () => {
      if (name === 'SIGHUP' && onHangup !== undefined) {
        onHangup();
        return;
      }
      if (name === 'SIGINT' && ignoresInterrupt?.() === true) return;
      count++;
      if (count > 1) {
        source.exit(exitStatusOf(CODES[name]));
        return;
      }
      if (controller.signal.aborted) return;
      controller.abort(new MangamotionError(CODES[name], `${CODES[name]} (${name})`));
      if (limitMs !== undefined) limit = setTimeout(end, limitMs, name);
      onFirst(name);
    };
    source.on(name, listener);
    return { name, listener };
  });
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(limit);
      for (const { name, listener } of listeners) source.off(name, listener);
    },
  };
}
