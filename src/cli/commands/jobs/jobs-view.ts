import type { JobRow } from '../../../jobs/row.js';
import { cutToWidth } from '../../output/cut.js';
import type { CommandContext } from '../../argv/command.js';
import type { HumanStyle } from '../../output/human-rows.js';
import { liveTable } from '../../output/live-table.js';
import type { Screen } from '../../output/screen.js';
import { visible } from '../../output/terminal-text.js';
import { formatCount, formatDuration } from '../../output/units.js';
import type { ListedJob } from './list-columns.js';
import { jobColumns, jobJson } from './list-columns.js';
import { statusLabel, statusTone } from './status-marks.js';

/** Where the jobs are shown: on a screen as they are, or in lines as they change. */
export interface JobsView {
  /** Whether it takes changes; else it takes all jobs. */
  showsChanges: boolean;
  /** How many jobs there is room for. */
  mostRows: number;
  changed(changes: readonly { kind: string; job: ListedJob | undefined }[]): Promise<void>;
  show(all: readonly JobRow[], shown: readonly ListedJob[]): void;
  lost(error: Error): void;
  close(): void;
}

export interface ViewOptions {
  queue: string;
  intervalMs: number;
}

export async function jobsView(context: CommandContext, options: ViewOptions): Promise<JobsView> {
  let redraw: () => void = () => undefined;
  const drawn = await context.output.screen(() => redraw());
  if (drawn === undefined) return lineView(context);
  const view = new ScreenView(context, drawn, options);
  redraw = () => view.draw();
  return view;
}

/** One line of JSON a change. */
function lineView(context: CommandContext): JobsView {
  return {
    showsChanges: true,
    mostRows: 0,
    changed: async (changes) => {
      for (const { kind, job } of changes) {
        if (job === undefined) continue;
        await context.output.line({
          event: kind,
          at: context.now().toISOString(),
          job: jobJson(job),
        });
      }
    },
    show: () => undefined,
    lost: (error) => context.warn(`${error.message}; trying again`),
    close: () => undefined,
  };
}

const COUNTED = ['pending', 'processing', 'completed', 'failed'] as const;
/** Above the table: the title, the counts and an empty line. */
const HEAD_LINES = 3;
const SPARE_ROWS = 100;

class ScreenView implements JobsView {
  readonly showsChanges = false;
  readonly #context: CommandContext;
  readonly #screen: Screen;
  readonly #style: HumanStyle;
  readonly #options: ViewOptions;
  #all: readonly JobRow[] | undefined;
  #shown: readonly ListedJob[] = [];
  #trouble: string | undefined;

  constructor(
    context: CommandContext,
    { screen, style }: { screen: Screen; style: HumanStyle },
    options: ViewOptions,
  ) {
    this.#context = context;
    this.#screen = screen;
    this.#style = style;
    this.#options = options;
  }

  get mostRows(): number {
    // The window may become larger before the next look.
    return Math.max(SPARE_ROWS, this.#screen.height);
  }

  changed(): Promise<void> {
    return Promise.resolve();
  }

  show(all: readonly JobRow[], shown: readonly ListedJob[]): void {
    this.#all = all;
    this.#shown = shown;
    this.#trouble = undefined;
    this.draw();
  }

  /** Keeps what it shows, and says that it is old. */
  lost(error: Error): void {
    this.#trouble = `${error.message}; trying again`;
    this.draw();
  }

  draw(): void {
    const { width, height } = this.#screen;
    const { paint, people } = this.#style;
    this.#screen.open();
    const head = [this.#title(width), this.#counts(width), ''];
    if (this.#trouble !== undefined)
      head[2] = paint('bad', cutToWidth(visible(this.#trouble), width));
    const rows = this.#shown;
    const table =
      this.#all?.length === 0
        ? [paint('muted', 'no jobs')]
        : liveTable(jobColumns({ withResults: false, rows }), rows, {
            ...{ people, paint, width, height: height - HEAD_LINES, total: this.#all?.length ?? 0 },
          });
    this.#screen.draw([...head, ...table]);
  }

  close(): void {
    this.#screen.close();
  }

  #title(width: number): string {
    const { queue, intervalMs } = this.#options;
    const time = this.#context.now().toISOString().slice(11, 19);
    const every = `every ${formatDuration(intervalMs / 1000)}`;
    const text = `jobs of ${visible(queue)}  ${time} UTC  ${every}  Ctrl-C quits`;
    return this.#style.paint('strong', cutToWidth(text, width));
  }

  #counts(width: number): string {
    const all = this.#all ?? [];
    let left = width;
    return COUNTED.flatMap((status) => {
      const count = all.filter((row) => row.status === status).length;
      const text = `${statusLabel({ status, state: null, job: undefined })} ${formatCount(count)}`;
      left -= text.length + 2;
      return left < -2 ? [] : [this.#style.paint(statusTone(status), text)];
    }).join('  ');
  }
}
