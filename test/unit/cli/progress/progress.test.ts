import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createProgress } from '../../../../src/cli/progress/progress.js';
import { canAnimate } from '../../../../src/cli/host.js';
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
    isAnimated: () => canAnimate(stream, {}),
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

  it('begins anew with each piece of work, and says nothing of workers', () => {
    const { stream, ticker, progress } = setUp();
    progress.start('listing');
    progress.update({ objects: 5 });
    progress.workers([{ worker: 'a', shard: 1, objects: 2, bytes: 3, elapsedMs: 4, silentMs: 5 }]);
    progress.start('copying');
    ticker.pass(30_000);
    expect(stream.text).toBe('copying\n');
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

  it('names what is done just now, and keeps the counts', async () => {
    const { stream, ticker, progress } = setUp({ columns: 80 });
    progress.start('copying');
    progress.update({ objects: 1, objectsTotal: 2, bytes: 5, bytesTotal: 10 });
    progress.phase('proving photos');
    await expect.poll(() => stream.text).toContain('proving photos  50%  1 of 2 objects');
    progress.phase();
    ticker.pass(250);
    await expect.poll(() => stream.text).toContain('copying  50%  1 of 2 objects');
    progress.done();
  });

  it('has a line for each worker below, until the next piece of work', async () => {
    const { stream, ticker, progress } = setUp({ columns: 80 });
    const row = { worker: 'a\u001b/1/1', shard: 3, objects: 2, bytes: 10 };
    progress.start('copying');
    progress.workers([{ ...row, elapsedMs: 12_000, silentMs: 0 }]);
    await expect
      .poll(() => stream.text)
      .toContain(`copying\n  ${String.raw`a\u001b/1/1`}  shard 3  2 objects  10 B  `);
    progress.start('pruning');
    ticker.pass(250);
    stream.text = '';
    await expect.poll(() => stream.text).toContain('pruning');
    expect(stream.text).not.toContain('shard');
    progress.done();
  });

  it('waits visibly for what takes its time, unless other work is shown', async () => {
    const { stream, progress } = setUp({ columns: 60 });
    const stop = progress.waitFor('connecting to Redis');
    await expect.poll(() => stream.text).toContain('connecting to Redis');
    stop();
    progress.start('copying');
    progress.waitFor('connecting to Redis')();
    progress.update({ objects: 1 });
    await expect.poll(() => stream.text).toContain('copying  1 object');
    progress.done();
  });

  it.each([0, 60])(
    'is a line, and then is logged, where the terminal of %d columns has none',
    async (columns) => {
      const { stream, ticker, progress } = setUp({ columns });
      progress.start('copying');
      await sleep(50);
      Object.assign(stream, { columns: 0 });
      stream.emit('resize');
      stream.text = columns === 0 ? stream.text : '';
      progress.update({ objects: 5 });
      progress.warn('a warning');
      ticker.pass(30_000);
      progress.done();
      expect(stream.text).toBe(
        columns === 0
          ? 'copying …\na warning\ncopying: 5 objects\n'
          : 'a warning\ncopying: 5 objects\n',
      );
    },
  );

  it('does not appear for work that ended while it was being loaded', async () => {
    const { stream, progress } = setUp({ columns: 60 });
    progress.start('backing up');
    progress.done();
    await sleep(50);
    expect(stream.text).toBe('');
  });
});
