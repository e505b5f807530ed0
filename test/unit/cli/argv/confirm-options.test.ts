import { describe, expect, it } from 'vitest';
import { approve, willAsk } from '../../../../src/cli/argv/confirm-options.js';

/** A terminal where each question gets this answer; `undefined`: there is no terminal. */
function terminal(answer: boolean | undefined, saysYes = false) {
  const asked: string[] = [];
  const confirm = (question: string) => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { isInteractive: answer !== undefined, saysYes, confirm, asked };
}

describe('approval', () => {
  it('is asked for on a terminal, and given by yes alone', async () => {
    const yes = terminal(true);
    expect(await approve(yes, 'remove it?')).toBe('given');
    expect(yes.asked).toEqual(['remove it?']);
    await expect(approve(terminal(false), 'remove it?')).rejects.toMatchObject({
      code: 'refused',
      message: 'you answered no: nothing was changed',
    });
  });

  it('is not asked for where there is no terminal', async () => {
    const none = terminal(undefined);
    expect(await approve(none, 'remove it?')).toBe('unasked');
    expect(none.asked).toEqual([]);
  });

  it('is given by --yes, wherever', async () => {
    for (const answer of [undefined, false]) {
      const there = terminal(answer, true);
      expect(await approve(there, 'remove it?')).toBe('given');
      expect(willAsk(there)).toBe(false);
      expect(there.asked).toEqual([]);
    }
  });
});
