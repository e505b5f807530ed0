import { describe, expect, it } from 'vitest';
import { logSink } from '../../../src/serve/log-sink.js';

/** A reader that takes what waits when it is told to. */
class Reader {
  readonly lines: string[] = [];
  #waiting: (() => void)[] = [];

  write(bytes: Buffer): Promise<void> {
    this.lines.push(bytes.toString());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async take(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a log that nobody reads', () => {
  it('keeps what fits, and tells how much was lost when it is read on', async () => {
    const reader = new Reader();
    const log = logSink(
      (bytes) => reader.write(bytes),
      (lines) => `lost ${lines}`,
      10,
    );
    for (const line of ['12345', '67890', 'abcde', 'f', 'g']) log(line);
    expect(reader.lines).toEqual(['12345', '67890', 'abcde']);
    await reader.take();
    expect(reader.lines.slice(3)).toEqual(['lost 2']);
    await reader.take();
    log('again');
    expect(reader.lines.slice(4)).toEqual(['again']);
  });

  it('whose reader is gone ends nothing', async () => {
    const log = logSink(
      () => Promise.reject(new Error('EPIPE')),
      () => '',
    );
    log('line');
    await new Promise((resolve) => setImmediate(resolve));
    log('line');
  });
});
