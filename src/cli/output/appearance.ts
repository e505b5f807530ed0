import { type Host, terminalSize } from '../host.js';
import type { ColorLevel } from './color-level.js';
import { colorLevel } from './color-level.js';
import { presentationFor } from './columns.js';
import type { HumanStyle } from './human-rows.js';
import { createPaint } from './paint.js';
import type { Canvas } from './picture.js';
import type { TableRoom } from './table.js';
import type { TextStyle } from './answers.js';
import { readersZone } from './zone.js';

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_TEXT = 100;

/** In a pipe too: one long key must not push all others out of sight. */
const WIDEST_CELL = 100;

/** A preview needs no more. */
const PICTURE_COLUMNS = 80;

export interface AppearanceOptions {
  noColor: boolean;
  /** --utc: times in UTC on a terminal too. */
  utc: boolean;
  /** --wide: all columns of a table, and nothing cut. */
  wide: boolean;
}

/** How an answer looks to people, by the terminal (or the pipe) that stdout leads to at this moment. */
export class Appearance {
  readonly #host: Host;
  readonly #options: AppearanceOptions;

  constructor(host: Host, options: AppearanceOptions) {
    this.#host = host;
    this.#options = options;
  }

  get isTerminal(): boolean {
    return this.#host.stdout.isTTY === true;
  }

  /** Columns that a line of text may take. */
  get textWidth(): number {
    return Math.min(terminalSize(this.#host.stdout)?.columns ?? WIDEST_TEXT, WIDEST_TEXT);
  }

  async textStyle(): Promise<TextStyle> {
    const level = this.#colorLevel();
    return { width: this.textWidth, paint: await createPaint(level), colored: level > 0 };
  }

  /** The zone in which people read times: UTC, unless they read them on a terminal. */
  get zone(): string {
    return this.isTerminal && !this.#options.utc ? readersZone(this.#host.env) : 'UTC';
  }

  async humanStyle(): Promise<HumanStyle> {
    return {
      people: presentationFor(this.isTerminal, this.#host.now, this.zone),
      paint: await createPaint(this.#colorLevel()),
      room: this.#room(),
    };
  }

  /** What a picture can be drawn on. */
  canvas(): Canvas {
    const { stdout, env } = this.#host;
    return {
      columns: Math.min(terminalSize(stdout)?.columns ?? PICTURE_COLUMNS, PICTURE_COLUMNS),
      lines: Math.max(1, (terminalSize(stdout)?.rows ?? 24) - 2),
      level: this.#colorLevel(),
      env,
    };
  }

  #room(): TableRoom {
    if (this.#options.wide) return { width: Infinity, cell: Infinity };
    const width = terminalSize(this.#host.stdout)?.columns;
    return width === undefined ? { width: Infinity, cell: WIDEST_CELL } : { width, cell: width };
  }

  #colorLevel(): ColorLevel {
    const { noColor: forbidden } = this.#options;
    return colorLevel({ isTerminal: this.isTerminal, forbidden, env: this.#host.env });
  }
}
