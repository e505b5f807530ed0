import { describe, expect, it } from 'vitest';
import { judgeClock } from '../../../src/doctor/clock.js';
import { destinationChecks } from '../../../src/doctor/destinations/destination-checks.js';
import type { DestinationFacts } from '../../../src/doctor/destinations/facts.js';
import { nodeChecks } from '../../../src/doctor/node/node-checks.js';
import { expirationsIn } from '../../../src/doctor/store/lifecycle.js';

/** Decisions whose facts no test can bring about on this machine. */

function nodeFinding(name: string, node: { version?: string; now?: string; openFiles?: number }) {
  const { version = 'v22.11.0', now = '2026-11-29T00:00:00Z', openFiles = 1024 } = node;
  const check = nodeChecks.find((one) => one.name === name);
  return check?.judge({ node: { version, now: new Date(now), openFiles } });
}

function destinationFinding(name: string, facts: Partial<DestinationFacts>) {
  const place = { text: '/b', isRemote: false, now: new Date(), retentionDays: 30 };
  const check = destinationChecks.find((one) => one.name === name);
  return check?.judge({ place, ...facts } as DestinationFacts);
}

describe('node', () => {
  it.each([
    ['v18.20.0', '2026-11-29T00:00:00Z', 'failure'],
    ['v20.18.0', '2026-11-29T00:00:00Z', 'failure'],
    ['v20.19.0', '2026-11-29T00:00:00Z', 'ok'],
    ['v20.19.0', '2027-03-01T00:00:00Z', 'warning'],
    ['v22.0.0', '2028-01-01T00:00:00Z', 'ok'],
  ])('%s at %s is %s', (version, now, status) => {
    const finding = nodeFinding('node.version', { version, now });
    expect(finding?.status).toBe(status);
    if (status !== 'ok') expect(finding?.hint).toBe('install Node.js 22 or newer');
  });

  it('warns of a low limit of open files', () => {
    expect(nodeFinding('node.files', { openFiles: 256 })).toMatchObject({
      status: 'warning',
      message: 'this process may open only 256 files',
      hint: 'raise the limit: `ulimit -n 512`, or LimitNOFILE= in systemd',
    });
    expect(nodeFinding('node.files', { openFiles: Infinity })?.status).toBe('ok');
  });
});

describe('a destination', () => {
  it('that may not be written is a failure', () => {
    const notWritable = 'this user may not write into /b';
    expect(destinationFinding('destination.writable', { notWritable })).toMatchObject({
      status: 'failure',
      message: notWritable,
      hint: expect.stringContaining('ls -ld /b') as string,
    });
  });

  it.each([
    [{ free: 5_000, total: 1_000_000 }, 'warning'],
    [{ free: 15_000, total: 1_000_000 }, 'warning'],
    [{ free: 50, total: 1_000_000 }, 'failure'],
    [{ free: 500_000, total: 1_000_000 }, 'ok'],
    [undefined, 'ok'],
  ])('with inodes %o is %s', (inodes, status) => {
    expect(destinationFinding('destination.inodes', { inodes })?.status).toBe(status);
  });
});

describe('clocks', () => {
  it.each([
    [400, 'ok'],
    [-4_900, 'ok'],
    [20_000, 'warning'],
    [-600_000, 'failure'],
  ])('%d ms ahead is %s', (ms, status) => {
    expect(judgeClock('Redis', ms).status).toBe(status);
  });
});

describe('rules of a lifecycle', () => {
  const rule = (inner: string, status = 'Enabled') =>
    `<LifecycleConfiguration><Rule><Status>${status}</Status>${inner}</Rule></LifecycleConfiguration>`;

  it.each([
    [rule('<Expiration><Days>7</Days></Expiration>'), [{ when: 'after 7 days', prefix: '' }]],
    [
      rule('<Prefix>a/</Prefix><Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration>'),
      [{ when: 'on 2027-01-01', prefix: 'a/' }],
    ],
    [
      rule(
        '<Filter><And><Prefix>b/</Prefix></And></Filter><Expiration><Days>1</Days></Expiration>',
      ),
      [{ when: 'after 1 day', prefix: 'b/' }],
    ],
    [rule('<Expiration><Days>7</Days></Expiration>', 'Disabled'), []],
    [
      rule('<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>'),
      [],
    ],
    [
      rule(
        '<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration>',
      ),
      [],
    ],
    ['rubbish', []],
    ['', []],
  ])('%s', (xml, expected) => {
    expect(expirationsIn(xml)).toEqual(expected);
  });
});
