import process from 'node:process';
import { BullWorld } from './bull-world.js';

/** A worker that captures without end, in a process that a test kills: PORT QUEUE. */
const [port = '', queue] = process.argv.slice(2);
const world = new BullWorld(Number(port), queue);
await world.start(1, async (_job, { onProgress }) => {
  for (let objects = 1; ; objects++) {
    onProgress({ objects, bytes: objects });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
