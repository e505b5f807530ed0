import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { flagOf } from '../../../src/cli/argv/option-specs.js';
import { catalog } from '../../../src/cli/catalog.js';
import { parseShare } from '../../../src/cli/values/shards.js';
import { serveSystemdUnit } from '../../../src/schedule/serve-unit.js';
import { headJob, shardsJob, workerDeployment } from '../../../src/schedule/workers/kubernetes.js';
import { workerSystemdUnit } from '../../../src/schedule/workers/systemd.js';
import { captureMemory, workerMemory, workerWords } from '../../../src/schedule/workers/worker.js';
import { runHere } from '../../helpers/in-process.js';

const worker = {
  ...{ destination: 's3://offsite/minio', isFolder: false, concurrency: 2, threads: 1 },
  ...{ queue: undefined, graceSeconds: 60, replicas: 2 },
};
const cluster = { image: 'x/mangamotion', uid: 7, gid: 8, claim: undefined };
const run = { type: 'full', destination: 's3://offsite/minio', threads: 1 } as const;

interface Manifest {
  kind: string;
  metadata: { generateName?: string };
  spec: {
    completions?: number;
    template: {
      spec: {
        terminationGracePeriodSeconds: number;
        enableServiceLinks: boolean;
        containers: {
          args: string[];
          env: { name: string }[];
          resources: { requests: { memory: string }; limits: { memory: string; cpu?: string } };
          volumeMounts: { mountPath: string }[];
        }[];
        volumes: { name: string; persistentVolumeClaim?: { claimName: string } }[];
      };
    };
  };
}
const containerOf = (text: string) => {
  const { spec } = parse(text) as Manifest;
  return { ...spec.template.spec.containers[0]!, pod: spec.template.spec, spec };
};

/** What a kubelet makes of an argument. */
const expanded = (argument: string, values: Record<string, string>) =>
  argument.replace(/\$\$|\$\((\w+)\)/g, (all, name?: string) =>
    name === undefined ? '$' : (values[name] ?? all),
  );

/** The words that are no options of the command. */
async function unknownFlags(words: readonly string[]): Promise<string[]> {
  const entry = catalog.commands.find(({ path }) => path.join(' ') === words.slice(0, 2).join(' '));
  const known = Object.keys((await entry!.load()).options).map(flagOf);
  return words.filter((word) => word.startsWith('--') && !known.includes(word));
}

describe('shards in Kubernetes', () => {
  it('gives each pod a share of its own, of one run', () => {
    const { args, env, spec } = containerOf(shardsJob({ ...run, ...cluster, shards: 3 }));
    expect(spec.completions).toBe(3);
    const shares = [0, 1, 2].map((index) => {
      const values = { JOB_COMPLETION_INDEX: String(index), RUN: 'mangamotion-shards-x7k2p' };
      const words = args.map((one) => expanded(one, values));
      expect(words).toContain('mangamotion-shards-x7k2p');
      return parseShare(words.at(-1)!);
    });
    expect(shares).toEqual([1, 2, 3].map((index) => ({ index, of: 3 })));
    expect(env.map(({ name }) => name)).toContain('RUN');
  });

  it('uses options that there are', async () => {
    const shard = containerOf(shardsJob({ ...run, ...cluster, shards: 3 }));
    const head = containerOf(headJob({ ...run, ...cluster, run: 'a' }));
    expect(await unknownFlags([...shard.args, ...head.args])).toEqual([]);
  });

  it('means a folder as it is, and mounts the claim there', () => {
    const destination = `/mnt/50% of $(HOME) "it's" # é`;
    const text = shardsJob({ ...run, ...cluster, claim: 'backups', destination, shards: 2 });
    const { args, pod, volumeMounts } = containerOf(text);
    expect(expanded(args[2]!, { HOME: 'other' })).toBe(destination);
    expect(volumeMounts.at(-1)?.mountPath).toBe(destination);
    expect(pod.volumes.at(-1)?.persistentVolumeClaim?.claimName).toBe('backups');
  });
});

describe('workers', () => {
  it('are waited for longer than their shards may go on', () => {
    const { pod } = containerOf(workerDeployment({ ...worker, ...cluster, graceSeconds: 600 }));
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(600);
    const unit = workerSystemdUnit({
      ...{ ...worker, graceSeconds: 600, user: undefined, flags: [] },
      ...{ node: '/usr/bin/node', program: '/opt/m' },
    });
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(600);
    // A process that captures does not get the signal of its worker.
    expect(unit).toContain('\nKillMode=mixed\n');
  });

  it('have memory for each process and thread, and never take settings from services', () => {
    const { resources, pod } = containerOf(workerDeployment({ ...worker, ...cluster }));
    expect(resources.requests.memory).toBe('640Mi');
    expect(resources.limits).toEqual({ memory: '960Mi' });
    expect(pod.enableServiceLinks).toBe(false);
    expect(workerMemory({ concurrency: 8, threads: 4 })).toEqual({ request: 3712, limit: 5568 });
    expect(captureMemory(1)).toEqual({ request: 256, limit: 512 });
  });

  it('use options that there are', async () => {
    const { args } = containerOf(workerDeployment({ ...worker, ...cluster, queue: 'nights' }));
    expect(args).toEqual(expect.arrayContaining(['--queue', '--grace', '--listen']));
    expect(await unknownFlags(args)).toEqual([]);
  });

  it('get the queue and the numbers', () => {
    expect(workerWords({ ...worker, queue: 'nights', concurrency: 8, threads: 4 })).toEqual([
      ...['backup', 'worker', 's3://offsite/minio', '--concurrency', '8', '--workers', '4'],
      ...['--grace', '60s', '--queue', 'nights'],
    ]);
  });

  it('may write into a folder with spaces, and serve into such a state folder', () => {
    const program = { node: '/usr/bin/node', program: '/opt/m', flags: [], user: undefined };
    const text = workerSystemdUnit({
      ...{ ...worker, ...program, isFolder: true, destination: '/mnt/a 50% "b"' },
    });
    expect(text).toContain('\nReadWritePaths="/mnt/a 50%% \\"b\\""\n');
    const serve = serveSystemdUnit({
      ...{ ...program, file: '/etc/c', stateFolder: '/srv/my state', listen: ':1' },
      destinations: [],
    });
    expect(serve).toContain('\nReadWritePaths="-/srv/my state"\n');
  });
});

describe('schedule unit --for worker, shards and head', () => {
  const unit = (...words: string[]) =>
    runHere(['schedule', 'unit', ...words], { cwd: '/srv', env: { HOME: '/nowhere' } });
  const S3 = 's3://offsite/minio';

  it('prints a manifest that holds no secret of the settings', async () => {
    const { exitCode, stdout, stderr } = await runHere(
      ['schedule', 'unit', 'kubernetes', S3, '--for', 'worker', '--image', 'x/y', '--json'],
      { env: { MINIO_SECRET_KEY: 'hunter2hunter2', REDIS_URL: 'redis://:hunter2hunter2@r' } },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).not.toContain('hunter2');
    const { kind, text } = JSON.parse(stdout) as { kind: string; text: string };
    expect(kind).toBe('kubernetes');
    expect((parse(text) as Manifest).kind).toBe('Deployment');
  });

  it('resolves a folder, and takes the flags of settings into a unit of systemd', async () => {
    const { exitCode, stdout } = await unit(
      ...['systemd', 'back ups', '--for', 'worker', '--user', 'backup', '--config', 'c.json'],
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(' --config /srv/c.json backup worker "/srv/back ups" --concurrency 2');
  });

  it.each([
    ['no destination', ['systemd', '--for', 'worker'], /--for worker needs a destination/],
    ['a destination of the daemon', ['systemd', S3], /needs --for worker, shards or head/],
    ['the daemon in Kubernetes', ['kubernetes'], /kubernetes needs --for worker/],
    ['shards elsewhere', ['systemd', S3, '--for', 'shards'], /--shard i\/n" on each machine/],
    ['no image', ['kubernetes', S3, '--for', 'worker'], /help schedule" has a Dockerfile/],
    [
      'a folder that pods do not share',
      ['kubernetes', '/mnt/b', '--for', 'shards', '--image', 'x/y'],
      /ReadWriteMany.*--volume-claim/,
    ],
    [
      'a claim for a bucket',
      ['kubernetes', S3, '--for', 'shards', '--image', 'x/y', '--volume-claim', 'b'],
      /s3:\/\/offsite\/minio is not a folder/,
    ],
    ['a claim that is none', ['kubernetes', S3, '--volume-claim', 'B_'], /a name in Kubernetes/],
    [
      'a user by name in Kubernetes',
      ['kubernetes', S3, '--for', 'worker', '--image', 'x/y', '--user', 'backup'],
      /must be numbers/,
    ],
    [
      'root in Kubernetes',
      ['kubernetes', S3, '--for', 'worker', '--image', 'x/y', '--user', '0'],
      /runAsNonRoot/,
    ],
    ['a head of no run', ['kubernetes', S3, '--for', 'head', '--image', 'x/y'], /needs --run/],
    [
      'a run that is none',
      ['kubernetes', S3, '--for', 'head', '--run', 'a\nb'],
      /1 to 200 letters/,
    ],
    [
      'an option of another part',
      ['systemd', S3, '--for', 'worker', '--shards', '3'],
      /--for shards/,
    ],
    ['a schedule', ['systemd', S3, '--for', 'worker', '--file', 'x'], /only to --for schedule/],
    [
      'replicas in systemd',
      ['systemd', S3, '--for', 'worker', '--replicas', '3'],
      /docker and kube/,
    ],
    ['a bucket that is none', ['systemd', 's3://a b', '--for', 'worker'], /invalid bucket name/],
    ['a path of several lines', ['docker', '/a\nb', '--for', 'worker'], /control characters/],
    ['a line end of YAML', ['docker', '/a\u2028b', '--for', 'worker'], /control characters/],
    [
      'a queue that is none',
      ['docker', S3, '--for', 'worker', '--queue', 'a:b'],
      /name of a queue/,
    ],
    ['a grace that is none', ['docker', S3, '--for', 'worker', '--grace', '2d'], /at most 24h/],
  ])('refuses %s', async (_what, words, problem) => {
    const { exitCode, stdout, stderr } = await unit(...words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(problem);
  });
});

describe('--shard', () => {
  it('counts from 1, or from 0 with +1', () => {
    expect(parseShare('1/16')).toEqual({ index: 1, of: 16 });
    expect(parseShare('0+1/16')).toEqual({ index: 1, of: 16 });
    expect(parseShare('15+1/16')).toEqual({ index: 16, of: 16 });
  });

  it.each(['0/16', '16+1/16', '17/16', '+1/16', '1+2/16', '01/16', '1/0', '$(X)+1/3', '1/10001'])(
    'refuses %s',
    (text) => expect(() => parseShare(text)).toThrow('must be like 3/16'),
  );
});
