import { MangamotionError } from '../../../errors.js';
import type { JobRow } from '../../../jobs/row.js';
import { jobJson, type ListedJob } from '../../../reports/jobs/documents.js';
import { UNREAD } from '../../../reports/jobs/unread.js';
import { cutToWidth } from '../../output/cut.js';
import type { CommandContext } from '../../argv/command.js';
import { fieldNames } from '../../output/fields.js';
import type { HumanStyle } from '../../output/human-rows.js';
import type { Key } from './keyboard.js';
import { listenToKeys } from './keyboard.js';
import { liveTable } from '../../output/live-table.js';
import type { Screen } from '../../output/screen.js';
import { visible } from '../../output/terminal-text.js';
import { formatCount, formatDuration } from '../../output/units.js';
import { JOB_FIELDS, jobColumns } from './list-columns.js';
import { statusLabel, statusTone } from './status-marks.js';

/** Where the jobs are shown: on a screen as they are, or in lines as they change. */
export interface JobsView {
  /** Whether it takes changes; else it takes all jobs. */
  showsChanges: boolean;
  /** The jobs that there is room for. */
  window(all: readonly JobRow[]): readonly JobRow[];
  changed(changes: readonly { kind: string; job: ListedJob | undefined }[]): Promise<void>;
  show(all: readonly JobRow[], shown: readonly ListedJob[]): void;
  /** Says on the screen what is amiss. */
  notices(texts: readonly (string | undefined)[]): void;
  /** Tells in a line of each job, once, that its user is not known. */
  unread(ids: readonly string[]): Promise<void>;
  lost(error: Error): void;
  /** Says that changes are seen only when the jobs are read again. */
  withoutEvents(error: Error): void;
  /** Resolves when the work ends, or the reader has left the screen. */
  untilLeft(work: (signal: AbortSignal) => Promise<void>): Promise<void>;
  close(): void;
}

export interface ViewOptions {
  queue: string;
  intervalMs: number;
}

export async function jobsView(context: CommandContext, options: ViewOptions): Promise<JobsView> {
  let redraw: () => void = () => undefined;
  const drawn = await context.output.screen(() => redraw());
  if (drawn === undefined) return lineView(context, options);
  const view = new ScreenView(context, drawn, options);
  redraw = () => view.draw();
  // Redis may take its time: what is waited for is seen at once.
  view.draw();
  return view;
}

const CONNECTING = 'connecting to Redis';

/** One line of JSON a change. */
function lineView(context: CommandContext, options: ViewOptions): JobsView {
  context.output.expectFields({ ...fieldNames('event', 'at', 'problem'), job: JOB_FIELDS });
  const connected = context.progress.waitFor(CONNECTING);
  let isTold = false;
  let told: ReadonlySet<string> = new Set();
  return {
    showsChanges: true,
    window: () => [],
    changed: async (changes) => {
      connected();
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
    notices: () => undefined,
    unread: async (ids) => {
      for (const id of ids) {
        if (told.has(id)) continue;
        const at = context.now().toISOString();
        await context.output.line({ event: 'unread', at, job: { id }, problem: UNREAD });
      }
      told = new Set(ids);
    },
    untilLeft: (work) => work(context.signal),
    lost: (error) => context.warn(`${error.message}; trying again`),
    withoutEvents: (error) => {
      if (!isTold) context.warn(withoutEventsText(error, options));
      isTold = true;
    },
    close: connected,
  };
}

function withoutEventsText(error: Error, { intervalMs }: ViewOptions): string {
  const every = formatDuration(intervalMs / 1000);
  return `events of the queue cannot be read, so it is read every ${every}: ${error.message}`;
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
  #notices: readonly string[] = [];
  #withoutEvents: string | undefined;
  /** The number of rows above the window. */
  #first = 0;
  #filter = '';
  /** Whether keys are typed into the filter. */
  #isTyping = false;
  readonly #stopKeys: () => void;
  #leave: () => void = () => undefined;
  readonly #left: Promise<void>;

  constructor(
    context: CommandContext,
    { screen, style }: { screen: Screen; style: HumanStyle },
    options: ViewOptions,
  ) {
    this.#context = context;
    this.#screen = screen;
    this.#style = style;
    this.#options = options;
    this.#left = new Promise((resolve) => (this.#leave = resolve));
    this.#stopKeys = listenToKeys(context.stdin, (key) => this.#pressed(key));
  }

  #pressed({ name, text }: Key): void {
    if (this.#isTyping) this.#type(name, text);
    else if (text === 'q') this.#leave();
    else if (text === '/') this.#isTyping = true;
    else if (name === 'escape') this.#filter = '';
    else this.#first += this.#stepOf(name);
    const all = this.#all ?? [];
    const most = Math.max(0, this.#selected(all).length - 1);
    this.#first = Math.min(Math.max(0, this.#first), most);
    const priced = new Map(this.#shown.map((job) => [job.id, job]));
    this.#shown = this.window(all).map(
      (row) => priced.get(row.id) ?? { ...row, sizeBytes: null, cost: null, result: undefined },
    );
    this.draw();
  }

  #type(name: string | undefined, text: string): void {
    if (name === 'return' || name === 'enter') this.#isTyping = false;
    else if (name === 'backspace') this.#filter = this.#filter.slice(0, -1);
    else if (name === 'escape') {
      this.#isTyping = false;
      this.#filter = '';
    } else if (/^[^\p{Cc}]+$/u.test(text)) this.#filter += text;
    this.#first = 0;
  }

  #stepOf(name: string | undefined): number {
    const page = Math.max(1, this.#screen.height - HEAD_LINES - 2);
    const steps: Readonly<Record<string, number>> = {
      up: -1,
      down: 1,
      pageup: -page,
      pagedown: page,
      home: -Infinity,
      end: Infinity,
    };
    return steps[name ?? ''] ?? 0;
  }

  /** The rows in which the filter appears: in the id, the user, the status or the reason. */
  #selected(all: readonly JobRow[]): readonly JobRow[] {
    if (this.#filter === '') return all;
    const wanted = this.#filter.toLowerCase();
    return all.filter(({ id, userId, status, state, failedReason }) =>
      [id, userId, status, state, failedReason].some(
        (text) => text?.toLowerCase().includes(wanted) === true,
      ),
    );
  }

  #line(): string {
    const { width } = this.#screen;
    const { paint } = this.#style;
    const line = (tone: 'bad' | 'muted', text: string) =>
      paint(tone, cutToWidth(visible(text), width));
    if (this.#isTyping) return line('muted', `/${this.#filter}_`);
    if (this.#trouble !== undefined) return line('bad', this.#trouble);
    if (this.#all === undefined) return line('muted', CONNECTING);
    const notices = [...this.#notices, this.#withoutEvents ?? []].flat();
    const where = this.#first === 0 ? [] : [`from row ${formatCount(this.#first + 1)}`];
    const parts = [
      ...(this.#filter === '' ? where : [`filter ${this.#filter}`, ...where]),
      ...notices,
    ];
    return line(notices.length === 0 ? 'muted' : 'bad', parts.join('; '));
  }

  window(all: readonly JobRow[]): readonly JobRow[] {
    const selected = this.#selected(all);
    this.#first = Math.min(this.#first, Math.max(0, selected.length - 1));
    // The window may become larger before the next look.
    return selected.slice(this.#first, this.#first + Math.max(SPARE_ROWS, this.#screen.height));
  }

  notices(texts: readonly (string | undefined)[]): void {
    this.#notices = texts.filter((text) => text !== undefined);
  }

  unread(): Promise<void> {
    return Promise.resolve();
  }

  async untilLeft(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const leaving = new AbortController();
    const working = work(AbortSignal.any([this.#context.signal, leaving.signal]));
    try {
      await Promise.race([working, this.#left]);
    } finally {
      // It may be waiting for an answer, which nobody needs any more.
      working.catch(() => undefined);
      leaving.abort(new MangamotionError('interrupted', 'left'));
    }
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

  withoutEvents(error: Error): void {
    this.#withoutEvents = withoutEventsText(error, this.#options);
    this.draw();
  }

  draw(): void {
    const { width, height } = this.#screen;
    const { paint, people } = this.#style;
    this.#screen.open();
    const head = [this.#title(width), this.#counts(width), this.#line()];
    const rows = this.#shown;
    const total = this.#selected(this.#all ?? []).length - this.#first;
    const table =
      this.#all !== undefined && rows.length === 0
        ? [paint('muted', 'no jobs')]
        : liveTable(jobColumns({ withResults: false, rows }), rows, {
            ...{ people, paint, width, height: height - HEAD_LINES, total },
          });
    this.#screen.draw([...head, ...table]);
  }

  close(): void {
    this.#stopKeys();
    this.#screen.close();
  }

  #title(width: number): string {
    const { queue, intervalMs } = this.#options;
    const time = this.#context.now().toISOString().slice(11, 19);
    const every = `every ${formatDuration(intervalMs / 1000)}`;
    const text = `jobs of ${visible(queue)}  ${time} UTC  ${every}  q quits`;
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
