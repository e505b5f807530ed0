import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  accepts,
  findCommand,
  freePort,
  removeAtExit,
  startServer,
  stopServer,
  waitUntil,
  type Server,
} from './child-processes.js';
import type { S3Server } from './s3-server.js';

/**
 * A throw-away S3 server out of Ceph: one monitor, one OSD that keeps everything in memory, one
 * gateway. It takes some 13 s to start and about 110 MB.
 */

export interface RgwOptions {
  /** What the store can hold; writes hang beyond it. 2 GiB where absent. */
  memoryBytes?: number;
}

interface Keys {
  accessKey: string;
  secretKey: string;
}

/** A user that has no rights but those that the policy of a bucket gives it. */
const OTHER_USER = { name: 'backup-host', accessKey: 'backuphost', secretKey: 'backuphostsecret' };

const COMMANDS = ['ceph', 'ceph-mon', 'ceph-osd', 'monmaptool', 'radosgw', 'radosgw-admin'];
/** What was in the way at one moment may be gone at the next. */
const RETRY_MS = 1000;
const DEFAULT_MEMORY_BYTES = 8 * 1024 ** 3;

/** What keeps a log in memory unless told otherwise: a good part of the time that a request takes. */
const DEBUGGED = 'none ms mon monc osd objecter objclass filestore rgw rados auth'.split(' ');
/** More than one, as in production, whose number makes each listing and each bucket take far longer. */
const INDEX_SHARDS = 2;

const run = promisify(execFile);

export function isRgwInstalled(): boolean {
  return COMMANDS.every((name) => findCommand(name) !== undefined);
}

/** Its parts take a while to bind their ports; where another took one meanwhile, it starts anew. */
export async function startRgw(keys: Keys, options: RgwOptions = {}): Promise<S3Server> {
  for (let attemptsLeft = 4; ; attemptsLeft -= 1) {
    try {
      return await startOnce(keys, options);
    } catch (error) {
      if (attemptsLeft === 0) throw error;
      await delay(RETRY_MS);
    }
  }
}

async function startOnce(keys: Keys, options: RgwOptions): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-rgw-'));
  const removeFolder = removeAtExit(folder);
  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    // The gateway first: it waits for the others.
    for (const server of servers.reverse()) await stopServer(server, 500);
    removeFolder();
  };
  try {
    const port = await startDaemons(folder, servers, options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
    await Promise.all([
      createUser(folder, 'admin', keys),
      createUser(folder, OTHER_USER.name, OTHER_USER),
    ]);
    return {
      ...{ endpoint: `http://127.0.0.1:${port}`, ...keys, kind: 'rgw', stop },
      otherUser: OTHER_USER,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDaemons(folder: string, servers: Server[], memoryBytes: number) {
  for (const name of ['mon', 'osd', 'run', 'log']) mkdirSync(join(folder, name));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const [cluster, osd] = [randomUUID(), randomUUID()];
  writeFileSync(
    join(folder, 'ceph.conf'),
    configuration({ folder, port, monitorPort, cluster, memoryBytes }),
  );

  const map = join(folder, 'monmap');
  const monitor = `[v1:127.0.0.1:${monitorPort}]`;
  await run(found('monmaptool'), ['--create', '--fsid', cluster, '--addv', 'a', monitor, map]);
  await ceph(folder, 'ceph-mon', '-i', 'a', '--mkfs', '--monmap', map);
  servers.push(daemon(folder, 'ceph-mon', '-i', 'a'));
  await waitUntil('ceph-mon', servers, () => accepts(monitorPort));

  await ceph(folder, 'ceph', 'osd', 'new', osd);
  await ceph(folder, 'ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
  servers.push(daemon(folder, 'ceph-osd', '-i', '0'));
  const place = [`host=${hostname().split('.')[0] ?? 'local'}`, 'root=default'];
  await ceph(folder, 'ceph', 'osd', 'crush', 'add', 'osd.0', '1.0', ...place);

  servers.push(daemon(folder, 'radosgw', '-n', 'client.rgw.a'));
  await waitUntil('radosgw', servers, () => accepts(port), 120_000);
  return port;
}

async function createUser(
  folder: string,
  name: string,
  { accessKey, secretKey }: Keys,
): Promise<void> {
  const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`];
  const user = [`--uid=${name}`, `--display-name=${name}`, ...keys];
  await ceph(folder, 'radosgw-admin', 'user', 'create', ...user);
}

function daemon(folder: string, name: string, ...args: string[]): Server {
  const logFile = join(folder, 'log', `${name}.out`);
  return startServer(found(name), ['-f', '-c', join(folder, 'ceph.conf'), ...args], { logFile });
}

async function ceph(folder: string, name: string, ...args: string[]): Promise<void> {
  await run(found(name), ['-c', join(folder, 'ceph.conf'), ...args], { timeout: 60_000 });
}

function found(name: string): string {
  return findCommand(name) ?? name;
}

interface Configuration {
  folder: string;
  port: number;
  monitorPort: number;
  cluster: string;
  memoryBytes: number;
}

/**
 * `tcp_nodelay`: without it every small answer takes 40 ms. `chooseleaf type` and the sizes: without
 * them a single OSD serves no pool. `gc`: else what is deleted takes its memory for two hours more. `max object name len`: for keys of 1,024 bytes.
 */
function configuration({ folder, port, monitorPort, cluster, memoryBytes }: Configuration): string {
  return `[global]
fsid = ${cluster}
mon host = v1:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${folder}/run
log file = ${folder}/log/$name.log
admin socket = ${folder}/run/$name.$pid.asok
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
osd enable op tracker = false
throttler perf counter = false
ms crc data = false
ms crc header = false
${DEBUGGED.map((part) => `debug ${part} = 0/0\n`).join('')}osd max object name len = 2048
osd max object namespace len = 256
[mon.a]
mon data = ${folder}/mon
[osd.0]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = ${memoryBytes}
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw lc debug interval = -1
rgw override bucket index max shards = ${INDEX_SHARDS}
rgw gc obj min wait = 60
rgw gc processor period = 30
rgw gc processor max time = 30
rgw enable usage log = false
rgw enable ops log = false
`;
}
