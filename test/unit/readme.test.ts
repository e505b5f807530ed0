import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

/** What the README says of the suite of odd servers, compared with the suite. */

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const quirks = readdirSync(new URL('../faults/odd-servers/quirks', import.meta.url)).map((name) =>
  name.replace(/\.ts$/, ''),
);

it('the README names every quirk, once, and how many there are', () => {
  const servers = /\n## Servers\n([^]*?)\n## /.exec(readme)?.[1] ?? '';
  const named = Array.from(servers.matchAll(/`([a-z0-9-]+)`/g), ([, name = '']) => name);
  const known = named.filter((name) => quirks.includes(name));
  expect(known.toSorted()).toEqual(quirks.toSorted());
  expect(servers).toContain(`plays ${quirks.length} quirks`);
});
