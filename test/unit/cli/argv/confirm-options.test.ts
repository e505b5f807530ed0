import { describe, expect, it } from 'vitest';
import { approve, willAsk } from '../../../../src/cli/argv/confirm-options.js';

const neither = { yes: false, noInput: false };

/** A terminal where each question gets this answer; `undefined`: there is no terminal. */
function terminal(answer: boolean | undefined) {
  const asked: string[] = [];
  const confirm = (question: string) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { isInteractive: answer !== undefined, confirm, asked };
}

describe('approval', () => {
  it('is asked for on a terminal, and given by yes alone', async () => {
    const yes = terminal(true);
    expect(await approve(yes, neither, 'remove it?')).toBe('given');
    expect(yes.asked).toEqual(['remove it?']);
    await expect(approve(terminal(false), neither, 'remove it?')).rejects.toMatchObject({
      code: 'refused',
      message: 'you answered no: nothing was changed',
    });
  });

  it('is not asked for where there is no terminal, nor with --no-input', async () => {
    const none = terminal(undefined);
    expect(await approve(none, neither, 'remove it?')).toBe('unasked');
    const ignored = terminal(false);
    expect(await approve(ignored, { ...neither, noInput: true }, 'remove it?')).toBe('unasked');
    expect([...none.asked, ...ignored.asked]).toEqual([]);
  });

  it('is given by --yes, wherever', async () => {
    for (const answer of [undefined, false]) {
      const there = terminal(answer);
      expect(await approve(there, { yes: true, noInput: true }, 'remove it?')).toBe('given');
      expect(willAsk(there, { yes: true, noInput: false })).toBe(false);
      expect(there.asked).toEqual([]);
    }
  });
});
