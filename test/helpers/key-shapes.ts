import { createHash } from 'node:crypto';
import { compareKeys } from '../../src/key-order.js';

/** Ways in which the keys of a bucket may lie, each as a function from a number to a key. */
export const KEY_SHAPES: Record<string, (i: number, count: number) => string> = {
  'numbers in one folder': (i) => `pages/${pad(i, 9)}.jpg`,
  'numbers without zeros': (i) => `pages/${i}.jpg`,
  'hexadecimal digests': (i) => hash(i),
  UUIDs: (i) => hash(i).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5'),
  'folders by date': (i, count) => {
    const day = Math.floor((i / count) * 1460);
    const date = new Date(Date.UTC(2022, 0, 1 + day)).toISOString().slice(0, 10);
    return `logs/${date.replaceAll('-', '/')}/${hash(i).slice(0, 12)}.log`;
  },
  'users and jobs': (i) =>
    `users/${hash(i % 1000).slice(0, 8)}/jobs/${pad(i % 37, 4)}/page-${pad(i, 7)}.png`,
  '500 bytes in common': (i) => `${'deep/er'.repeat(71)}/k/${pad(i, 8)}`,
  'the last byte differs': (i) => {
    const digits = [Math.floor(i / 8836), Math.floor(i / 94) % 94, i % 94];
    return `k${digits.map((digit) => String.fromCharCode(33 + digit)).join('')}`;
  },
  'characters of several bytes': (i) => {
    const point = (n: number) => String.fromCodePoint(0x4e00 + (n % 20_000));
    return `${point(parseInt(hash(i).slice(0, 8), 16))}第${i}話/🦊${pad(i % 100, 3)}.png`;
  },
  'a hot range': (i, count) =>
    i < count * 0.9 ? `data/7f3c/${hash(i).slice(0, 20)}` : `data/${hash(i).slice(0, 24)}`,
  'one large folder of many': (i, count) =>
    i < count * 0.01 ? `${hash(i).slice(0, 2)}/${pad(i, 6)}` : `big-one/${pad(i, 9)}`,
  'three clusters far apart': (i) =>
    `${['a', 'mm/archive/2019', 'Ωmega/zz'][i % 3] ?? ''}/${pad(Math.floor(i / 3), 7)}`,
  'sizes of folders by a power law': (i, count) => {
    const folder = Math.floor(200 * ((i + 0.5) / count) ** 6);
    return `tenant-${hash(folder).slice(0, 6)}/${hash(i).slice(0, 10)}`;
  },
};

/** Distinct keys of a shape, in order. */
export function keysOf(shape: (i: number, count: number) => string, count: number): string[] {
  const keys = Array.from({ length: count }, (_, i) => shape(i, count));
  return [...new Set(keys)].sort(compareKeys);
}

function pad(i: number, length: number): string {
  return String(i).padStart(length, '0');
}

function hash(i: number): string {
  return createHash('md5').update(String(i)).digest('hex');
}
