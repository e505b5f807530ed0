import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchSignals } from '../../../../src/cli/run/signals.js';
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

describe('the limit of a clean-up', () => {
  const heard = (limitMs: number | undefined) => {
    const source = world().signals;
    const said: string[] = [];
    const watch = watchSignals(source, {
      ...{ limitMs, onHangup: undefined },
      onFirst: () => said.push('first'),
      onLate: () => said.push('late'),
    });
    return { source, said, watch };
  };

  it('ends the process of a command that does not end', async () => {
    const { source, said, watch } = heard(20);
    source.emit('SIGTERM');
    await expect.poll(() => source.exits).toEqual([143]);
    expect(said).toEqual(['first', 'late']);
    watch.dispose();
  });

  it('is none for a command that has ended, or that has a grace of its own', async () => {
    const [ended, lasting] = [heard(20), heard(undefined)];
    for (const { source } of [ended, lasting]) source.emit('SIGINT');
    ended.watch.dispose();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([ended.source.exits, lasting.source.exits]).toEqual([[], []]);
    lasting.watch.dispose();
  });
});
