import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../../src/cli/progress/progress.js';
import type { Ticker } from '../../../../src/cli/progress/progress.js';
import { visible } from '../../../../src/cli/output/terminal-text.js';
import { CapturedStream } from '../world.js';

/** Time that passes when a test says so. */
class ManualTicker implements Ticker {
  #now = 0;
  #timers: { every: number; next: number; callback: () => void }[] = [];

  nowMs = () => this.#now;

  every = (every: number, callback: () => void) => {
    const timer = { every, next: this.#now + every, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [timer] = this.#timers
        .filter(({ next }) => next <= end)
        .sort((a, b) => a.next - b.next);
      if (timer === undefined) break;
      this.#now = timer.next;
      timer.next += timer.every;
      timer.callback();
    }
    this.#now = end;
  }
}

function setUp(options: { quiet?: boolean; columns?: number } = {}) {
  const stream = new CapturedStream(options.columns);
  const ticker = new ManualTicker();
  const progress = createProgress({
    stream,
    quiet: options.quiet ?? false,
    animated: options.columns !== undefined,
    colored: false,
    clean: visible,
    ticker,
  });
  return { stream, ticker, progress };
}

describe('progress in a log', () => {
  it('is silent about work of less than 30 s', () => {
    const { stream, ticker, progress } = setUp();
    progress.start('backing up');
    progress.update({ objects: 5, bytes: 10 });
    ticker.pass(29_999);
    progress.done();
    ticker.pass(60_000);
    expect(stream.text).toBe('');
  });

  it('is a line every 30 s', () => {
    const { stream, ticker, progress } = setUp();
    progress.start('backing up');
    progress.update({ objects: 5, objectsTotal: 10, bytes: 30 * 1024, bytesTotal: 60 * 1024 });
    ticker.pass(60_000);
    expect(stream.text.split('\n')[0]).toBe(
      'backing up: 50%, 5 of 10 objects, 30.0 KiB of 60.0 KiB, 1.0 KiB/s, 30s left',
    );
    expect(stream.text.split('\n')).toHaveLength(3);
  });

  it('begins anew with each piece of work', () => {
    const { stream, ticker, progress } = setUp();
    progress.start('listing');
    progress.update({ objects: 5 });
    progress.start('copying');
    ticker.pass(30_000);
    expect(stream.text).toBe('copying: 0 objects, 0 B\n');
  });
});

describe('--quiet', () => {
  it('silences progress and notes, but no warning', () => {
    const { stream, ticker, progress } = setUp({ quiet: true });
    progress.start('backing up');
    ticker.pass(60_000);
    progress.note('a note');
    progress.warn('a warning');
    progress.done();
    expect(stream.text).toBe('a warning\n');
  });
});

describe('progress on a terminal', () => {
  it('is drawn, moves away from notes, and is gone in the end', async () => {
    const { stream, ticker, progress } = setUp({ columns: 60 });
    progress.start('backing up');
    progress.update({ objects: 7, bytes: 0 });
    await expect.poll(() => stream.text).toContain('backing up  7 objects  0 B');
    ticker.pass(250);
    stream.text = '';
    progress.note('bucket \u001b[1mx is empty');
    expect(stream.text).toContain(`\u001b[2K${String.raw`bucket \u001b[1mx is empty`}\n`);
    progress.done();
    expect(stream.text.endsWith('\u001b[1G\u001b[2K')).toBe(true);
    stream.text = '';
    await sleep(200);
    expect(stream.text).toBe('');
  });

  it('does not appear for work that ended while it was being loaded', async () => {
    const { stream, progress } = setUp({ columns: 60 });
    progress.start('backing up');
    progress.done();
    await sleep(50);
    expect(stream.text).toBe('');
  });
});
