import { expect, it } from 'vitest';
import { storeSettings } from '../../helpers/cli.js';
import { catalogOf, runMain, world } from '../../unit/cli/world.js';

const opens = catalogOf({
  usesStore: true,
  run: async ({ openStore, output }) => {
    const [store, again] = await Promise.all([openStore(), openStore()]);
    const json = { endpoint: store.endpoint, same: store === again };
    await output.document({ json, human: () => undefined });
    return undefined;
  },
});

it('the object store of a command is one, at the address of the settings', async () => {
  const env = storeSettings();
  const { stdout } = await runMain(['backup', 'test', '--json'], opens, world({ env }));
  expect(JSON.parse(stdout)).toEqual({ endpoint: env.MINIO_ENDPOINT, same: true });
});
