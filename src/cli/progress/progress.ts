import type { OutputStream } from '../host.js';
import type { ProgressCounts, ProgressState } from './progress-parts.js';
import { progressSentence } from './progress-parts.js';
import { RateMeter } from './rate.js';

const DRAW_EVERY_MS = 250;
const LOG_EVERY_MS = 30_000;
/** The spinner and the space after it, and one column so that no terminal wraps. */
const SPINNER_COLUMNS = 3;

/** How work tells how far it has come, on stderr. Free of cost: a timer does the drawing. */
export interface Progress {
  /** Begins a piece of work (`backing up`), and ends the one before. Counts begin at 0. */
  start(label: string): void;
  /** Stores the figures given; called for every object, or every chunk of one. */
  update(counts: Partial<ProgressCounts>): void;
  /** A line that stays, above the progress. Not with --quiet. */
  note(line: string): void;
  /** As `note`, also with --quiet. */
  warn(line: string): void;
  /** Clears the line. Work that was never started is done as well. */
  done(): void;
}

/** Time, as the progress needs it. */
export interface Ticker {
  nowMs(): number;
  /** Calls back every so many ms, without keeping the process alive. Returns how to stop it. */
  every(intervalMs: number, callback: () => void): () => void;
}

export interface ProgressOptions {
  stream: OutputStream;
  quiet: boolean;
  /** Whether a line may be drawn over and over: a terminal that is not a dumb one. */
  animated: boolean;
  colored: boolean;
  /** Makes a line fit for the user's eyes: no secrets, nothing that a terminal acts on. */
  clean: (line: string) => string;
  ticker: Ticker;
}

/** What draws, once it has been loaded. */
interface Spinner {
  redraw(): void;
  stop(): void;
}

export function createProgress(options: ProgressOptions): Progress {
  return new StderrProgress(options);
}

class StderrProgress implements Progress {
  readonly #options: ProgressOptions;
  #state: ProgressState | undefined;
  #rate = new RateMeter();
  #spinner: Spinner | undefined;
  #stopTimer: (() => void) | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  start(label: string): void {
    this.done();
    const state = {
      label: this.#options.clean(label),
      counts: { objects: 0, bytes: 0 },
      bytesPerSecond: 0,
    };
    this.#state = state;
    this.#rate = new RateMeter();
    if (this.#options.quiet) return;
    const { animated, ticker } = this.#options;
    this.#rate.sample(0, ticker.nowMs());
    this.#stopTimer = animated
      ? ticker.every(DRAW_EVERY_MS, () => this.#draw(state))
      : ticker.every(LOG_EVERY_MS, () => this.#log(state));
    if (animated) void this.#spin(state);
  }

  update(counts: Partial<ProgressCounts>): void {
    if (this.#state !== undefined) Object.assign(this.#state.counts, counts);
  }

  note(line: string): void {
    if (!this.#options.quiet) this.warn(line);
  }

  warn(line: string): void {
    // A running spinner moves out of the way of what others write to its stream.
    this.#options.stream.write(`${this.#options.clean(line)}\n`);
  }

  done(): void {
    this.#stopTimer?.();
    this.#spinner?.stop();
    this.#stopTimer = undefined;
    this.#spinner = undefined;
    this.#state = undefined;
  }

  async #spin(state: ProgressState): Promise<void> {
    const [{ default: ora }, { progressLine }] = await Promise.all([
      import('ora'),
      import('./progress-line.js'),
    ]);
    // Done, or begun anew, while they were loading.
    if (this.#state !== state) return;
    const columns = () => Math.max(0, (this.#options.stream.columns ?? 80) - SPINNER_COLUMNS);
    const line = () => progressLine(state, columns());
    const spinner = ora({
      stream: this.#options.stream,
      isEnabled: true,
      // The cursor stays and stdin is let alone: nothing to put right when the process is killed.
      hideCursor: false,
      discardStdin: false,
      color: this.#options.colored ? 'cyan' : false,
      text: line(),
    }).start();
    this.#spinner = { stop: () => spinner.stop(), redraw: () => (spinner.text = line()) };
  }

  #draw(state: ProgressState): void {
    this.#measure(state);
    this.#spinner?.redraw();
  }

  #log(state: ProgressState): void {
    this.#measure(state);
    this.#options.stream.write(`${progressSentence(state)}\n`);
  }

  #measure(state: ProgressState): void {
    state.bytesPerSecond = this.#rate.sample(state.counts.bytes, this.#options.ticker.nowMs());
  }
}

export const systemTicker: Ticker = {
  nowMs: () => performance.now(),
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
