import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../../src/serve/deadline.js';

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });

describe('the deadline of a request', () => {
  it('ends the work with the reason when the time is over', async () => {
    const { signal } = new AbortController();
    const deadline = { waitMs: 5, late: () => new Error('too late') };
    await expect(withDeadline(signal, deadline, untilAborted)).rejects.toThrow('too late');
  });

  it('ends the work with the request, also with one that has ended', async () => {
    const request = new AbortController();
    const deadline = { waitMs: 60_000, late: () => new Error('too late') };
    const work = withDeadline(request.signal, deadline, untilAborted);
    request.abort(new Error('the client has gone'));
    await expect(work).rejects.toThrow('the client has gone');
    const again = withDeadline(request.signal, deadline, untilAborted);
    await expect(again).rejects.toThrow('the client has gone');
  });
});
