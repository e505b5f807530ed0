import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientGroup } from '../../../../src/serve/access/client-group.js';
import { FailedLogins } from '../../../../src/serve/access/failed-logins.js';

describe('clients are counted', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['0000::ffff:0102:0304', '1.2.3.4'],
    ['::ffff:1.2.3.4%eth0', '1.2.3.4'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::1.2.3.4', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:8000::', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['fe80::1%eth1', 'fe80:0:0:0::/64%eth1'],
    ['', ''],
    ['unknown', 'unknown'],
    ['1.2.3.4:80', '1.2.3.4:80'],
    ['[::1]', '[::1]'],
  ])('%j as %j', (address, group) => {
    expect(clientGroup(address)).toBe(group);
  });

  it('as one, whatever the second half of an IPv6 address is, and however it is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }),
        fc.ipV6(),
        (own, any) => {
          fc.pre(own.some((group) => group !== 0));
          const text = own.map((group) => group.toString(16)).join(':');
          expect(clientGroup(`${text}::`)).toBe(clientGroup(`${text}:0:ab:0:1`));
          expect(clientGroup(any)).toMatch(/::\/64$|^\d+\.\d+\.\d+\.\d+$/);
        },
      ),
    );
  });
});

describe('failed logins', () => {
  it('are those of a whole /64, and of no other', () => {
    const logins = new FailedLogins(() => new Date(0));
    for (let at = 1; at <= 10; at++) logins.count(`2001:db8::${at}`);
    expect(logins.waitSeconds('2001:db8::ffff')).toBe(60);
    expect(logins.waitSeconds('2001:db8:0:1::1')).toBe(0);
    for (let at = 1; at <= 10; at++) logins.count('::ffff:10.0.0.7');
    expect(logins.waitSeconds('10.0.0.7')).toBe(60);
    expect(logins.waitSeconds('10.0.0.8')).toBe(0);
  });
});
