import type { Catalog } from '../../argv/command.js';

/**
 * What `backup worker` starts for each shard: `mangamotion __shard DESTINATION`. It is in no help, and does
 * nothing unless such a worker has started it.
 */
export const SHARD_COMMAND = '__shard';

export const shardCatalog: Catalog = {
  commands: [
    {
      path: [SHARD_COMMAND],
      summary: 'capture a shard for backup worker',
      load: () => import('./shard.js').then((module) => module.shardCommand),
    },
  ],
  groups: {},
};
