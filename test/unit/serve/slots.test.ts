import { describe, expect, it } from 'vitest';
import { Slots } from '../../../src/serve/slots.js';

describe('slots for costly work', () => {
  it('are refused when all are taken, and free again after the work, also after a failure', async () => {
    const slots = new Slots(2, 'too many');
    let end: () => void = () => undefined;
    const slow = slots.during(() => new Promise<void>((resolve) => (end = resolve)));
    await expect(slots.during(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    const giveBack = slots.take();
    expect(() => slots.take()).toThrow(
      expect.objectContaining({
        status: 429,
        message: 'too many',
        headers: { 'retry-after': '1' },
      }),
    );
    await expect(slots.during(() => Promise.resolve())).rejects.toThrow('too many');
    giveBack();
    giveBack();
    slots.take();
    expect(() => slots.take()).toThrow('too many');
    end();
    await slow;
    slots.take();
  });
});
