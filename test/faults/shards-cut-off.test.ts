import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { FolderDestination } from '../../src/repository/folder/folder-destination.js';
import { PROGRAM } from '../e2e/run.js';
import { filesIn, temporaryFolder, verify } from '../helpers/backups.js';
import { runJson, storeSettings } from '../helpers/cli.js';
import {
  type NetworkNamespace,
  type SlowRelay,
  makeNetworkNamespace,
  startSlowRelay,
} from '../helpers/network-namespace.js';
import { nothingIsLeft } from '../helpers/run-laws.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/** Workers on hosts of their own that lose the network in the middle. They run the built program. */

// Only root may make them, and not in every container: elsewhere this does not run.
const hosts = [makeNetworkNamespace(), makeNetworkNamespace()];
const [first, second] = hosts;

const OBJECTS = 24;
const BYTES = 128 * 1024;

describe.runIf(first !== undefined && second !== undefined)('workers that are cut off', () => {
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  const relays: SlowRelay[] = [];
  let bucket: string;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    const objects = Array.from({ length: OBJECTS }, (_, at) => ({
      key: `page/${String(at).padStart(3, '0')}`,
      content: noise(BYTES, `page ${at}`),
    }));
    await seed(store, bucket, objects);
    const port = Number(new URL(storeSettings().MINIO_ENDPOINT ?? '').port);
    for (const host of hosts) {
      if (host !== undefined) relays.push(await startSlowRelay(host.gateway, port, 1024 * 1024));
    }
  });
  afterAll(async () => {
    for (const relay of relays) await relay.close();
    for (const host of hosts) host?.remove();
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  const env = { BACKUP_SOURCE_NAME: 'cut-off' };
  const args = (type: string, ...more: string[]) => [
    ...['backup', type, folder, '--bucket', bucket, '--no-prune', ...more],
  ];

  function share(host: NetworkNamespace, relay: SlowRelay, which: string, name: string) {
    const [command = '', ...before] = host.exec;
    const program = [...before, process.execPath, PROGRAM];
    const child = spawn(command, [...program, ...args('full', '--run', name, '--shard', which)], {
      env: {
        ...{ PATH: process.env.PATH ?? '', XDG_STATE_HOME: join(folder, 'state') },
        ...{ ...storeSettings(), ...env },
        MINIO_ENDPOINT: `http://${host.gateway}:${relay.port}`,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    const ended = once(child, 'exit').then(([code]: unknown[]) => ({ code, told }));
    return ended;
  }

  it('and write on when the run has its head: the backup is whole, and nothing is left', async () => {
    const [one, two] = relays;
    if (first === undefined || second === undefined || one === undefined || two === undefined)
      return;
    const cut = share(first, one, '1/2', 'night');
    while (one.passedBytes() < 0.6 * 1024 * 1024) await sleep(10);
    first.setLink(false);
    const other = await share(second, two, '2/2', 'night');
    expect(other, other.told).toMatchObject({ code: 0 });
    const head = await runJson<Summary>(args('full', '--run', 'night', '--head'), { env });
    expect(head.exitCode, head.stderr).toBe(0);
    expect(head.answer).toMatchObject({ status: 'complete', objects: { total: OBJECTS } });
    first.setLink(true);
    // Whatever it says: what it writes now belongs to no backup.
    await cut;
    expect(await verify(folder, head.answer.id)).toMatchObject({ status: 'ok', objects: OBJECTS });

    const next = await runJson<Summary>(args('incremental'), { env });
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.answer).toMatchObject({ objects: { total: OBJECTS, unchanged: OBJECTS } });
    for (const { id } of [head.answer, next.answer]) {
      expect(await verify(folder, id)).toMatchObject({ status: 'ok' });
    }
    const names = (await filesIn(folder)).filter((name) => name !== 'state');
    const backups = await (await FolderDestination.open(folder)).list();
    expect(nothingIsLeft(names, backups)).toEqual([]);
  });
});
