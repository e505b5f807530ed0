import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accepts,
  findCommand,
  freePort,
  removeAtExit,
  startServer,
  stopServer,
  waitUntil,
} from './child-processes.js';

/** A sentinel that watches the master `name`, and calls it down after a second. */
export async function startSentinel(master: {
  name: string;
  url: string;
}): Promise<{ port: number; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-sentinel-'));
  const removeFolder = removeAtExit(folder);
  const port = await freePort();
  const { hostname, port: masterPort } = new URL(master.url);
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${master.name} ${hostname} ${masterPort} 1`,
    `sentinel down-after-milliseconds ${master.name} 1000`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const command = findCommand('redis-server') ?? 'redis-server';
  const sentinel = startServer(command, [file, '--sentinel'], {
    logFile: join(folder, 'sentinel.log'),
  });
  await waitUntil('the sentinel', [sentinel], () => accepts(port), 10_000);
  return {
    port,
    stop: async () => {
      await stopServer(sentinel);
      removeFolder();
    },
  };
}
