import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { serveSystemdUnit } from '../../../src/schedule/serve-unit.js';
import {
  composeService,
  serveComposeService,
  systemdUnit,
  type ComposeService,
  type SystemdService,
} from '../../../src/schedule/unit.js';

const unit = (given: Partial<SystemdService> = {}) =>
  systemdUnit({
    node: '/usr/bin/node',
    program: '/usr/local/bin/mangamotion',
    flags: [],
    file: '/etc/mangamotion.crontab',
    stateFolder: '/home/anna/.local/state/mangamotion',
    user: 'anna',
    ...given,
  });
const settingOf = (text: string, name: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1));

describe('the unit of systemd', () => {
  it('runs the daemon by absolute paths, in the folder of the schedule', () => {
    const text = unit();
    expect(settingOf(text, 'ExecStart')).toEqual([
      '/usr/bin/node -- /usr/local/bin/mangamotion schedule --file /etc/mangamotion.crontab ' +
        '--state-dir /home/anna/.local/state/mangamotion',
    ]);
    expect(settingOf(text, 'WorkingDirectory')).toEqual(['/etc']);
    expect(settingOf(text, 'User')).toEqual(['anna']);
    expect(settingOf(text, 'Group')).toEqual([]);
    expect(settingOf(text, 'StateDirectory')).toEqual([]);
  });

  it('gives the daemon longer to stop than it gives its runs', () => {
    expect(Number(settingOf(unit(), 'TimeoutStopSec')[0])).toBeGreaterThan(60);
    expect(settingOf(unit(), 'KillMode')).toEqual(['mixed']);
  });

  it('means paths with spaces, quotes, percent and dollar signs as they are', () => {
    const odd = `/srv/50% of $HOME/"it's" \\ here`;
    const text = unit({ file: `${odd}/crontab`, node: `${odd}/node` });
    const quoted = `/srv/50%% of $$HOME/\\"it's\\" \\\\ here`;
    expect(settingOf(text, 'ExecStart')[0]).toContain(`--file "${quoted}/crontab" `);
    // No variable is looked for in the name of the program.
    const program = quoted.replace('$$', '$');
    expect(settingOf(text, 'ExecStart')[0]).toMatch(/^"/);
    expect(settingOf(text, 'ExecStart')[0]?.startsWith(`"${program}/node" `)).toBe(true);
    // One path alone is never unquoted.
    expect(settingOf(text, 'WorkingDirectory')).toEqual([odd.replace('%', '%%')]);
  });

  it('names user and group, or neither, and has the state folder of the system made', () => {
    const both = unit({ user: 'anna:backup', stateFolder: '/var/lib/mangamotion' });
    expect(settingOf(both, 'User')).toEqual(['anna']);
    expect(settingOf(both, 'Group')).toEqual(['backup']);
    expect(settingOf(both, 'StateDirectory')).toEqual(['mangamotion']);
    expect(settingOf(unit({ user: undefined }), 'User')).toEqual([]);
  });

  it('runs in the root folder where the schedule lies there', () => {
    expect(settingOf(unit({ file: '/crontab' }), 'WorkingDirectory')).toEqual(['/']);
  });
});

interface Compose {
  services: {
    mangamotion: {
      image: string;
      user?: string;
      command: string[];
      environment: { TZ: string };
      stop_grace_period: string;
      healthcheck: { test: string[] };
      volumes: {
        source: string;
        target: string;
        read_only?: boolean;
        bind: { create_host_path: boolean };
      }[];
    };
  };
}

const compose = (given: Partial<ComposeService> = {}) =>
  (
    parse(
      composeService({
        image: 'node:20-bookworm-slim',
        program: '/opt/checkout/bin/mangamotion.js',
        file: '/etc/mangamotion.crontab',
        stateFolder: '/home/anna/state',
        user: undefined,
        folders: ['/mnt/backup'],
        zone: 'Europe/Berlin',
        ...given,
      }),
    ) as Compose
  ).services.mangamotion;
const daemon = [
  ...['schedule', '--file', '/etc/mangamotion.crontab', '--state-dir', '/var/lib/mangamotion'],
  ...['--listen', '127.0.0.1:9464'],
];

describe('the service of Docker', () => {
  it('brings program, schedule, state and backups into the image of node', () => {
    const service = compose();
    expect(service.command).toEqual([
      'node',
      '--',
      '/opt/mangamotion/bin/mangamotion.js',
      ...daemon,
    ]);
    expect(service.volumes.map(({ source, target }) => [source, target])).toEqual([
      ['/opt/checkout', '/opt/mangamotion'],
      ['/etc/mangamotion.crontab', '/etc/mangamotion.crontab'],
      ['/home/anna/state', '/var/lib/mangamotion'],
      ['/mnt/backup', '/mnt/backup'],
    ]);
    expect(service.environment.TZ).toBe('Europe/Berlin');
    expect(service).not.toHaveProperty('user');
  });

  it('makes no folder in the place of a schedule or a disk that is not there', () => {
    const { volumes } = compose();
    expect(volumes.map(({ bind }) => bind.create_host_path)).toEqual([false, false, true, false]);
    expect(volumes.map(({ read_only }) => read_only ?? false)).toEqual([true, true, false, false]);
  });

  it.each([
    {
      program: '/usr/lib/node_modules/mangamotion/bin/mangamotion.js',
      source: '/usr/lib/node_modules',
      inside: 'mangamotion/bin/mangamotion.js',
    },
    {
      program: '/app/node_modules/.pnpm/mangamotion@1/node_modules/mangamotion/bin/mangamotion.js',
      source: '/app/node_modules',
      inside: '.pnpm/mangamotion@1/node_modules/mangamotion/bin/mangamotion.js',
    },
  ])('brings what lies beside an installed program: $program', ({ program, source, inside }) => {
    const { volumes, command } = compose({ program });
    expect(volumes[0]).toMatchObject({ source, target: '/opt/mangamotion/node_modules' });
    expect(command[2]).toBe(`/opt/mangamotion/node_modules/${inside}`);
  });

  it('runs the mangamotion of an image that has it', () => {
    const { command, volumes } = compose({ program: undefined, image: 'here/mangamotion:1' });
    expect(command).toEqual(['mangamotion', ...daemon]);
    expect(volumes).toHaveLength(3);
  });

  it('means paths that YAML or Compose would take for something else as they are', () => {
    const odd = `/srv/50% of $HOME: "it's" # {\\} é`;
    const { volumes } = compose({ file: odd, folders: ['/no', odd] });
    const doubled = odd.replace('$', '$$$$');
    expect(volumes.map(({ source }) => source)).toEqual([
      ...['/opt/checkout', doubled, '/home/anna/state', '/no', doubled],
    ]);
  });

  it('keeps numbers of a user a text, for YAML reads 1000:100 as one number', () => {
    expect(compose({ user: '1000:100' }).user).toBe('1000:100');
  });

  it('has a probe that tells a daemon that is well from one that is not, and from none', async () => {
    const [kind, , flag, probe = ''] = compose().healthcheck.test;
    expect([kind, flag]).toEqual(['CMD', '-e']);
    expect(probe).toContain("'http://127.0.0.1:9464/healthz'");
    let status = 200;
    const server = createServer((_request, response) => response.writeHead(status).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async () => {
      const code = probe.replace('9464', String(port));
      return (await execa(process.execPath, ['-e', code], { reject: false })).exitCode;
    };
    expect(await ask()).toBe(0);
    status = 503;
    expect(await ask()).toBe(1);
    server.close();
    await once(server, 'close');
    expect(await ask()).toBe(1);
  });
});

describe('the units of serve', () => {
  const places = { listen: '127.0.0.1:3000', destinations: ['/mnt/a b', 's3://offsite/x'] };

  it('runs serve with tokens, beside the daemon, and may write its requests alone', () => {
    const text = serveSystemdUnit({
      ...{ node: '/usr/bin/node', program: '/opt/mangamotion', flags: [], user: 'anna:backup' },
      ...{ file: '/etc/mangamotion.crontab', stateFolder: '/var/lib/mangamotion', ...places },
    });
    expect(settingOf(text, 'ExecStart')).toEqual([
      '/usr/bin/node -- /opt/mangamotion serve --listen 127.0.0.1:3000 --auth token --file ' +
        '/etc/mangamotion.crontab --state-dir /var/lib/mangamotion --backup "/mnt/a b" --backup s3://offsite/x',
    ]);
    expect(settingOf(text, 'ProtectSystem')).toEqual(['strict']);
    expect(settingOf(text, 'ReadWritePaths')).toEqual(['-/var/lib/mangamotion']);
    expect(settingOf(text, 'Group')).toEqual(['backup']);
    expect(settingOf(text, 'StateDirectory')).toEqual([]);
  });

  it('is a service of Compose that reads backups, on this machine alone', () => {
    const text = serveComposeService({
      ...{ image: 'x/mangamotion', program: undefined, folders: ['/mnt/a b'], zone: 'UTC' },
      ...{ file: '/etc/mangamotion.crontab', stateFolder: '/var/lib/x', user: '7:8', ...places },
    });
    const { services } = parse(text) as {
      services: Record<
        string,
        { command: string[]; ports: string[]; volumes: Record<string, unknown>[] }
      >;
    };
    const { command, ports, volumes } = services['mangamotion-serve']!;
    expect(command.slice(0, 6)).toEqual([
      ...['mangamotion', 'serve', '--listen', ':3000', '--auth', 'token'],
    ]);
    expect(ports).toEqual(['127.0.0.1:3000:3000']);
    expect(volumes.at(-1)).toMatchObject({ source: '/mnt/a b', read_only: true });
  });
});
