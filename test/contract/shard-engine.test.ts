import { BullWorld } from '../helpers/bull-world.js';
import { useRedis } from '../helpers/use-redis.js';
import { describeShardEngine } from './shard-engine.suite.js';

const used = useRedis();

describeShardEngine('BullMQ', () => Promise.resolve(new BullWorld(used.server.port)));
