import { Readable } from 'node:stream';
import { beforeEach, describe, it } from 'vitest';
import { catalog } from '../../src/cli/catalog.js';
import { RawQueue } from '../helpers/raw-queue.js';
import { useRedis } from '../helpers/use-redis.js';
import { runMain, world } from '../unit/cli/world.js';
import { CJK, LONG, NOW, compare, compareDrawn } from './compare.js';

const used = useRedis();
const CREATED = Date.parse('2026-11-29T10:00:00Z');

/** A terminal that keys are typed on. */
class Keys extends Readable {
  readonly isTTY = true;
  override _read(): void {
    // Keys come when they are typed.
  }
  setRawMode(): this {
    return this;
  }
}

beforeEach(async () => {
  await used.redis.flushall();
  const queue = new RawQueue(used.redis, { prefix: 'bull', name: 'ai-job' });
  const job = (id: string, place: string, user: string, more: Record<string, string> = {}) =>
    queue.addJob(id, place, {
      data: JSON.stringify({ user_id: user, files: ['a/1.jpg', 'a/2.jpg'] }),
      timestamp: String(CREATED + id.length),
      ...more,
    });
  const done = { processedOn: String(CREATED + 60_000), finishedOn: String(CREATED + 3_600_000) };
  await job('1001', 'completed', 'alice', { ...done, returnvalue: '{"pages":12}' });
  await job(`${'x'.repeat(296)}-end`, 'failed', LONG, {
    ...done,
    failedReason: `panel detection failed on page 7 of ${'many '.repeat(40)}pages\nat line 2`,
    stacktrace: JSON.stringify([`Error: ${LONG}\n    at run (/app/worker.js:12:3)`]),
  });
  await job(`漫画-${CJK}`, 'active', CJK, { processedOn: String(CREATED), progress: '45' });
  await job('1003', 'active', 'bob', { processedOn: String(CREATED), progress: '4235' });
  await job('1004', 'delayed', 'carol', { delay: '7200000' });
  await job('1005', 'wait', 'alice');
  // BullMQ keeps when it is due, times 4096.
  await used.redis.zadd('bull:ai-job:delayed', (Date.parse(NOW) + 19 * 60_000) * 4096, '1004');
  await used.redis.set('bull:ai-job:1003:lock', 'x');
  await used.redis.hset('billing:job:1001', {
    ...{ user_id: 'alice', bytes_processed: '-9876543210987', compute_seconds: '12345.5' },
    ...{ status: 'completed', timestamp: new Date(CREATED).toISOString() },
  });
});

const env = () => ({ REDIS_URL: used.server.url });

describe('tables of jobs', () => {
  it('jobs-list', async () => {
    await compare('jobs-list', ['jobs', 'list', '--no-files'], env());
  });

  it('jobs-show', async () => {
    await compare('jobs-show', ['jobs', 'show', `${'x'.repeat(296)}-end`], env());
  });

  it('jobs-watch', async () => {
    await compareDrawn('jobs-watch', 'mangamotion jobs watch', async (columns) => {
      if (columns === undefined) return '';
      const stdin = new Keys();
      const host = world({ env: { ...env(), NO_COLOR: '1', TERM: 'xterm' }, columns, stdin, now: () => new Date(NOW) });
      const running = runMain(['jobs', 'watch'], catalog, host);
      const isDrawn = (): boolean => host.stdout.text.includes('1001');
      while (!isDrawn()) await new Promise((resolve) => setTimeout(resolve, 20));
      stdin.push('q');
      const { stdout } = await running;
      return lastFrame(stdout);
    });
  });
});

/** The lines of the last frame, without what moves the cursor. */
function lastFrame(text: string): string {
  const frame = text.split('\u001b[H').at(-1)?.split('\u001b[J')[0] ?? '';
  return `${frame.replaceAll('\u001b[K', '').replaceAll('\r\n', '\n')}\n`;
}
