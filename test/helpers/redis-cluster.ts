import { Redis } from 'ioredis';
import { freePort } from './child-processes.js';
import { type RedisServer, startRedisServer } from './redis-server.js';

export interface RedisCluster {
  /** Two nodes with half of the slots each. */
  nodes: readonly { server: RedisServer; redis: Redis }[];
  /** The number, 0 or 1, of the node that has a key. */
  nodeOf(key: string): Promise<number>;
  stop(): Promise<void>;
}

const LAST_SLOT = 16_383;
const MIDDLE = 8192;

/** A cluster of two masters on loopback, when all of its slots are served; `args` are more of redis-server. */
export async function startRedisCluster(more: readonly string[] = []): Promise<RedisCluster> {
  const nodes: { server: RedisServer; redis: Redis }[] = [];
  for (const [first, last] of [
    [0, MIDDLE - 1],
    [MIDDLE, LAST_SLOT],
  ] as const) {
    // By default the port of the bus is 10,000 higher, which may be none.
    const bus = String(await freePort());
    const args = ['--cluster-enabled', 'yes', '--cluster-port', bus, ...more];
    const server = await startRedisServer({ args });
    const redis = new Redis(server.url);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
    await nodes[0]?.redis.call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus);
    nodes.push({ server, redis });
  }
  for (const { redis } of nodes) {
    while (!(await redis.cluster('INFO')).includes('cluster_state:ok')) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    nodes,
    nodeOf: async (key) => {
      const slot = await nodes[0]?.redis.call('CLUSTER', 'KEYSLOT', key);
      return Number(slot) < MIDDLE ? 0 : 1;
    },
    stop: async () => {
      for (const { server, redis } of nodes) {
        redis.disconnect();
        await server.stop();
      }
    },
  };
}
