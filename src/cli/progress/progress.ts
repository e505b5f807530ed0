import type { WorkerRow } from '../../progress.js';
import { type OutputStream, terminalSize } from '../host.js';
import type { ProgressCounts, ProgressState } from './progress-parts.js';
import { progressSentence } from './progress-parts.js';
import { RateMeter } from './rate.js';
import { WorkerTable } from './worker-table.js';

const DRAW_EVERY_MS = 250;
const LOG_EVERY_MS = 30_000;
/** The spinner and the space after it, and one column so that no terminal wraps. */
const SPINNER_COLUMNS = 3;

/** As wide as the spinner and its space, so that rows stand below the text of the work. */
const INDENT = '  ';
/** The line of the work, and one in which the cursor stands. */
const LINES_BESIDE = 2;
/** More rows tell nobody more. */
const MOST_ROWS = 32;

/** How work tells how far it has come, on stderr. Free of cost: a timer does the drawing. */
export interface Progress {
  /** Begins a piece of work (`copying`), and ends the one before. Nothing is counted yet. */
  start(label: string): void;
  /** As `start`, where no work is under way. Returns what ends it. */
  waitFor(label: string): () => void;
  /** What is done just now, within the work begun last: its counts stay. `undefined`: the work itself. */
  phase(label?: string): void;
  /** Stores the figures given; called for every object, or every chunk of one. */
  update(counts: Partial<ProgressCounts>): void;
  /** Lines below that of the work, on a terminal alone: what its workers do just now. */
  workers(rows: readonly WorkerRow[]): void;
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
  /** Whether a line may be drawn over and over. Asked again: the size of a terminal changes. */
  isAnimated: () => boolean;
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
  #spinner: Spinner | 'loading' | undefined;
  #stopTimer: (() => void) | undefined;
  #loggedMs = 0;
  /** Of the work itself, whatever phase it is in. */
  #label = '';
  #workers = new WorkerTable();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  start(label: string): void {
    this.done();
    this.#label = this.#options.clean(label);
    const state: ProgressState = {
      label: this.#label,
      counts: {},
      bytesPerSecond: 0,
      isSettled: false,
    };
    this.#state = state;
    this.#rate = new RateMeter();
    this.#workers = new WorkerTable();
    if (this.#options.quiet) return;
    const { isAnimated, stream, ticker } = this.#options;
    this.#rate.sample(0, ticker.nowMs());
    this.#loggedMs = ticker.nowMs();
    this.#stopTimer = ticker.every(DRAW_EVERY_MS, () => this.#tick(state));
    if (isAnimated()) void this.#spin(state);
    // A log says nothing of short work: cron would send it by mail.
    else if (stream.isTTY === true) stream.write(`${state.label} …\n`);
  }

  waitFor(label: string): () => void {
    if (this.#state !== undefined) return () => undefined;
    this.start(label);
    const state = this.#state as ProgressState | undefined;
    return () => {
      if (this.#state === state) this.done();
    };
  }

  phase(label?: string): void {
    if (this.#state === undefined) return;
    const name = label === undefined ? this.#label : this.#options.clean(label);
    if (name === this.#state.label) return;
    this.#measure(this.#state, this.#options.ticker.nowMs());
    this.#state.label = name;
  }

  update(counts: Partial<ProgressCounts>): void {
    if (this.#state !== undefined) Object.assign(this.#state.counts, counts);
  }

  workers(rows: readonly WorkerRow[]): void {
    if (this.#state === undefined) return;
    const { clean, ticker } = this.#options;
    this.#workers.update(
      rows.map((row) => ({ ...row, worker: clean(row.worker) })),
      ticker.nowMs(),
    );
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
    this.#stopTimer = undefined;
    this.#stopSpinner();
    this.#state = undefined;
  }

  async #spin(state: ProgressState): Promise<void> {
    this.#spinner = 'loading';
    const { stream, colored, isAnimated, ticker } = this.#options;
    const [{ default: ora }, { progressLine }, { workerLines }, { createPaint }] =
      await Promise.all([
        import('ora'),
        import('./progress-line.js'),
        import('./worker-rows.js'),
        import('../output/paint.js'),
      ]);
    const paint = await createPaint(colored ? 1 : 0);
    // Done, or begun anew, while they were loading.
    if (this.#state !== state) return;
    if (!isAnimated()) {
      this.#spinner = undefined;
      return;
    }
    const columns = () => Math.max(0, (terminalSize(stream)?.columns ?? 80) - SPINNER_COLUMNS);
    const rows = () =>
      workerLines(this.#workers.rows(ticker.nowMs()), {
        width: columns(),
        height: Math.min(MOST_ROWS, (terminalSize(stream)?.rows ?? 24) - LINES_BESIDE),
        paint,
      });
    const line = () =>
      [progressLine(state, columns()), ...rows().map((row) => INDENT + row)].join('\n');
    const spinner = ora({
      stream,
      isEnabled: true,
      // The cursor stays and stdin is let alone: nothing to put right when the process is killed.
      hideCursor: false,
      discardStdin: false,
      color: colored ? 'cyan' : false,
      text: line(),
    }).start();
    // Before ora looks at the new size: it never ends to clear the lines of a terminal of 0 columns.
    const onResize = () => {
      if (!isAnimated()) this.#stopSpinner();
    };
    stream.on('resize', onResize);
    this.#spinner = {
      redraw: () => (spinner.text = line()),
      stop: () => {
        stream.off('resize', onResize);
        spinner.stop();
      },
    };
  }

  #stopSpinner(): void {
    if (typeof this.#spinner === 'object') this.#spinner.stop();
    this.#spinner = undefined;
  }

  #tick(state: ProgressState): void {
    const { isAnimated, stream, ticker } = this.#options;
    const nowMs = ticker.nowMs();
    if (isAnimated()) {
      this.#measure(state, nowMs);
      if (this.#spinner === undefined) void this.#spin(state);
      else if (this.#spinner !== 'loading') this.#spinner.redraw();
      return;
    }
    const isDue = nowMs - this.#loggedMs >= LOG_EVERY_MS;
    // A line tells the rate since the one before, or since the first byte moved.
    if (isDue || (state.counts.bytes ?? 0) === 0) this.#measure(state, nowMs);
    if (!isDue) return;
    this.#loggedMs = nowMs;
    stream.write(`${progressSentence(state)}\n`);
  }

  #measure(state: ProgressState, nowMs: number): void {
    if (state.label !== this.#label) {
      this.#rate.skip(nowMs);
      state.bytesPerSecond = 0;
      return;
    }
    state.bytesPerSecond = this.#rate.sample(state.counts.bytes ?? 0, nowMs);
    state.isSettled = this.#rate.isSettled(nowMs);
  }
}

export const systemTicker: Ticker = {
  nowMs: () => performance.now(),
  every: (intervalMs, callback) => {
    const timer = setInterval(callback, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
