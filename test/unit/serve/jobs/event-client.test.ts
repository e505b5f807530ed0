import { describe, expect, it, vi } from 'vitest';
import { EventClient } from '../../../../src/serve/jobs/event-client.js';

const KB = 1024;
const decoder = new TextDecoder();

function client() {
  const calls = { onClose: vi.fn(), cut: vi.fn() };
  return { ...calls, client: new EventClient(calls) };
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return decoder.decode(value);
}

describe('a client of events', () => {
  it('gets what is sent, and closes when its reader goes', async () => {
    const { client: one, onClose } = client();
    const reader = one.stream.getReader();
    const first = next(reader);
    one.send(Buffer.from('a'));
    expect(await first).toBe('a');
    await reader.cancel();
    expect(onClose).toHaveBeenCalledOnce();
    one.send(Buffer.from('b'));
    one.close();
    expect(onClose).toHaveBeenCalledOnce();
  });

  it('gets no more than it takes: then a reset, and what follows', async () => {
    const { client: one } = client();
    const reader = one.stream.getReader();
    const first = next(reader);
    const chunk = Buffer.alloc(100 * KB, 'x');
    for (let sent = 0; sent < 10_000; sent++) one.send(chunk);
    expect((await first).length).toBe(chunk.length);
    const taken: string[] = [];
    for (let text = ''; !text.startsWith('event: reset'); taken.push(text))
      text = await next(reader);
    expect(taken.length).toBeLessThanOrEqual(4);
    const live = next(reader);
    one.send(Buffer.from('live'));
    expect(await live).toBe('live');
  });

  it('is cut off when it takes nothing for a minute', async () => {
    const { client: one, cut, onClose } = client();
    const reader = one.stream.getReader();
    const first = next(reader);
    one.send(Buffer.from('a'));
    await first;
    const now = vi.spyOn(performance, 'now');
    const startMs = performance.now();
    now.mockReturnValue(startMs + 120_000);
    one.expectLife();
    expect(cut).not.toHaveBeenCalled();
    one.send(Buffer.from('b'));
    one.expectLife();
    expect(cut).toHaveBeenCalledOnce();
    expect(onClose).toHaveBeenCalledOnce();
    now.mockRestore();
  });
});
