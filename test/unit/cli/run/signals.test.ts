import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { catalogOf, runMain, world } from '../world.js';

function waiting() {
  return catalogOf({
    async run({ signal }) {
      await once(signal, 'abort');
      // What a library makes of an aborted signal.
      throw new Error('The operation was aborted');
    },
  });
}

async function interrupt(...names: NodeJS.Signals[]) {
  const host = world();
  const running = runMain(['backup', 'test'], waiting(), host);
  await expect.poll(() => host.signals.listenerCount('SIGINT')).toBe(1);
  for (const name of names) host.signals.emit(name);
  return { ...(await running), host };
}

describe('a signal', () => {
  it.each([
    ['SIGINT', 130, 'interrupted (SIGINT)'],
    ['SIGTERM', 143, 'terminated (SIGTERM)'],
    ['SIGHUP', 143, 'terminated (SIGHUP)'],
  ] as const)('%s ends the command with status %d', async (name, status, message) => {
    const outcome = await interrupt(name);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr).toBe(
      `mangamotion: cleaning up; send the signal again to stop at once\nmangamotion: ${message}\n`,
    );
    expect(outcome.host.signals.exits).toEqual([]);
  });

  it('that comes twice ends the process at once', async () => {
    expect((await interrupt('SIGINT', 'SIGINT')).host.signals.exits).toEqual([130]);
    expect((await interrupt('SIGTERM', 'SIGTERM')).host.signals.exits).toEqual([143]);
  });

  it('after another one changes nothing', async () => {
    const { status, host } = await interrupt('SIGINT', 'SIGTERM');
    expect(status).toBe(130);
    expect(host.signals.exits).toEqual([]);
  });

  it('is no longer heard when the command has ended', async () => {
    const { host } = await interrupt('SIGINT');
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      expect(host.signals.listenerCount(name)).toBe(0);
    }
  });

  it('leaves its status to a command that had finished', async () => {
    const host = world();
    const catalog = catalogOf({
      run: () => {
        host.signals.emit('SIGINT');
        return Promise.resolve(undefined);
      },
    });
    expect((await runMain(['backup', 'test'], catalog, host)).status).toBe(0);
  });
});
