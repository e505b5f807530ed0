import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findCommand,
  freePort,
  removeAtExit,
  startServer,
  stopServer,
  waitUntil,
} from './child-processes.js';
import { isRgwInstalled, startRgw, type RgwOptions } from './rgw.js';
import { installHint } from './install-hint.js';

export interface S3Server {
  /** `http://host:port`. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** How it came to be: told by TEST_S3_ENDPOINT, or started here. */
  kind: 'external' | 'minio' | 'rgw';
  /** Another user, without rights of its own, where the server has one. */
  otherUser?: { name: string; accessKey: string; secretKey: string };
  /** Ends what was started here. */
  stop: () => Promise<void>;
}

const TEST_KEYS = { accessKey: 'minioadmin', secretKey: 'minioadmin' };

/** The first that there is: the server in TEST_S3_ENDPOINT, a MinIO, a Ceph gateway. */
export async function startS3Server(options: RgwOptions = {}): Promise<S3Server> {
  return externalServer() ?? (await startOwnS3Server(options));
}

/** A fresh server of its own, for what would disturb others: a benchmark, a full store. */
export async function startOwnS3Server(options: RgwOptions = {}): Promise<S3Server> {
  const minio = findCommand('minio');
  if (minio !== undefined) return startMinio(minio);
  if (isRgwInstalled()) return startRgw(TEST_KEYS, options);
  throw new Error(`no S3 server for the tests. ${installHint()}`);
}

function externalServer(): S3Server | undefined {
  const endpoint = process.env.TEST_S3_ENDPOINT;
  if (endpoint === undefined || endpoint === '') return undefined;
  return {
    endpoint: endpoint.replace(/\/$/, ''),
    accessKey: process.env.TEST_S3_ACCESS_KEY ?? TEST_KEYS.accessKey,
    secretKey: process.env.TEST_S3_SECRET_KEY ?? TEST_KEYS.secretKey,
    kind: 'external',
    stop: () => Promise.resolve(),
  };
}

async function startMinio(command: string): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-minio-'));
  const removeFolder = removeAtExit(folder);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const args = ['server', join(folder, 'data'), '--address', `127.0.0.1:${port}`];
  const server = startServer(command, args, {
    logFile: join(folder, 'minio.log'),
    env: {
      MINIO_ROOT_USER: TEST_KEYS.accessKey,
      MINIO_ROOT_PASSWORD: TEST_KEYS.secretKey,
      MINIO_BROWSER: 'off',
    },
  });
  const stop = async (): Promise<void> => {
    await stopServer(server);
    removeFolder();
  };
  try {
    await waitUntil('minio', [server], () => answersOk(`${endpoint}/minio/health/cluster`));
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, ...TEST_KEYS, kind: 'minio', stop };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
