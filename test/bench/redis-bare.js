import { Redis } from 'ioredis';

/**
 * The floor of a backup of Redis: SCAN, with the next page asked for before the last one is worked on, and
 * the same reads of each hash in pipelines; then SCAN and HGETALL once more. Does nothing with the answers.
 */

const redis = new Redis(process.env.REDIS_URL ?? '');
const step = (cursor) => redis.scan(cursor, 'MATCH', 'billing:*', 'COUNT', 1000);

async function readAll(read) {
  let pending = step('0');
  let reading;
  while (pending !== undefined) {
    const [next, keys] = await pending;
    pending = next === '0' ? undefined : step(next);
    await reading;
    reading = read(keys);
  }
  await reading;
}

const send = (commands) => redis.pipeline(commands).exec();

await readAll(async (keys) => {
  await send(
    keys.flatMap((key) => [
      ['call', 'TYPE', key],
      ['call', 'MEMORY', 'USAGE', key],
    ]),
  );
  for (let from = 0; from < keys.length; from += 500) {
    const some = keys.slice(from, from + 500);
    await send(
      some.flatMap((key) => [
        ['call', 'PEXPIRETIME', key],
        ['call', 'HGETALL', key],
      ]),
    );
  }
});
await readAll(async (keys) => {
  for (let from = 0; from < keys.length; from += 500) {
    await send(keys.slice(from, from + 500).map((key) => ['call', 'HGETALL', key]));
  }
});
redis.disconnect();
