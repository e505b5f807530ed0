import { describe, expect, it } from 'vitest';
import { peakOf } from '../bench/processes.js';
import { addLargeJobs } from '../helpers/large-jobs.js';
import { rounds } from '../helpers/rounds.js';
import { useRedis } from '../helpers/use-redis.js';
import { mangamotion } from './run.js';
import { startProgram } from './start.js';

const used = useRedis();
const env = () => ({ REDIS_URL: used.server.url });
const LIMIT_MB = 200;
const POLL_MS = 20;

interface Listed {
  jobs: { id: string; user_id: string | null; file_count: number | null }[];
  total: number;
}

async function peakWhile(pid: number | undefined, work: Promise<unknown>): Promise<number> {
  let peakMib = 0;
  const poll = setInterval(() => (peakMib = Math.max(peakMib, peakOf(pid))), POLL_MS);
  await work;
  clearInterval(poll);
  return peakMib * 1.048576;
}

async function list(...args: string[]): Promise<Listed> {
  const program = mangamotion(['jobs', 'list', '--json', ...args], { env: env() });
  const peakMb = await peakWhile(program.pid, program);
  const { exitCode, stdout, stderr } = await program;
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(peakMb).toBeGreaterThan(0);
  expect(peakMb, `peak of jobs list ${args.join(' ')}`).toBeLessThan(LIMIT_MB);
  return JSON.parse(stdout) as Listed;
}

// Each of them is more than the limit, also as a sample.
describe.each([
  { count: rounds({ sample: 1500, all: 3000 }), bytes: 200_000 },
  { count: rounds({ sample: 60, all: 250 }), bytes: 8_000_000 },
  { count: 18, bytes: 16_000_000 },
])('$count jobs of $bytes bytes', (jobs) => {
  it('are listed and watched in little memory', async () => {
    await addLargeJobs(used.server.url, jobs);
    const { count } = jobs;
    const few = await list('--limit', '3');
    expect(few.total).toBe(count);
    expect(few.jobs.map(({ id }) => id)).toEqual([count, count - 1, count - 2].map(String));
    const isOfAlice = ({ id }: { id: string }) => Number(id) % 10 === 0;
    for (const job of few.jobs) {
      expect(job).toMatchObject({ user_id: isOfAlice(job) ? 'alice' : 'bob', file_count: 2 });
    }
    const ofAlice = await list('--user', 'alice', '--limit', '5000');
    expect(ofAlice.total).toBe(Math.floor(count / 10));
    expect(ofAlice.jobs.every(isOfAlice)).toBe(true);

    const watch = startProgram(['jobs', 'watch', '--interval', '1s'], env());
    const lines = (text: string) => text.split('\n').length - 1;
    const watched = async () => {
      await watch.until((text) => lines(text) >= count);
      // It looks once more.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    };
    expect(await peakWhile(watch.pid, watched()), 'peak of jobs watch').toBeLessThan(LIMIT_MB);
    expect((await watch.end('SIGTERM')).exitCode).toBe(143);
  });
});
