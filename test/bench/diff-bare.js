import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/**
 * The floor of `backup diff`: inflates the chunks that two backups do not share, two at a time, and
 * compares their lines up to where the bytes lie. It checks no digest and no order, and takes for
 * granted that both have the same objects, and so the same chunks.
 *
 * usage: node diff-bare.js FOLDER BEFORE AFTER
 */

const [folder = '', before = '', after = ''] = process.argv.slice(2);
const inflate = promisify(gunzip);
const TAR_HEADER = 512;
const LOCATION = Buffer.from(',"path":"');

const files = new Map();

async function readAt(id, { offset, length, size }) {
  files.set(id, files.get(id) ?? open(join(folder, `${id}.tar.gz`)));
  const packed = Buffer.allocUnsafe(length);
  await (await files.get(id)).read(packed, 0, length, offset);
  const chunkSize = size === undefined ? undefined : size + 64 * 1024;
  const tar = await inflate(packed, { chunkSize });
  const bytes = Number.parseInt(tar.toString('latin1', 124, 135), 8);
  return tar.subarray(TAR_HEADER, TAR_HEADER + bytes);
}

async function chunksOf(id) {
  const { archive } = JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8'));
  return JSON.parse((await readAt(id, archive.directory)).toString()).chunks;
}

const [ours, theirs] = await Promise.all([chunksOf(before), chunksOf(after)]);
const pairs = ours
  .map((chunk, at) => [chunk, theirs[at]])
  .filter(([one, other]) => one.sha256 !== other.sha256);
const read = ([one, other]) =>
  Promise.all([readAt(one.archive, one), readAt(other.archive, other)]);

let different = 0;
let next = pairs.length > 0 ? read(pairs[0]) : undefined;
for (let at = 0; at < pairs.length; at++) {
  const [one, other] = await next;
  if (at + 1 < pairs.length) next = read(pairs[at + 1]);
  let [a, b] = [0, 0];
  while (a < one.length) {
    const [aEnd, bEnd] = [one.indexOf(10, a), other.indexOf(10, b)];
    const [aRecord, bRecord] = [one.lastIndexOf(LOCATION, aEnd), other.lastIndexOf(LOCATION, bEnd)];
    if (one.compare(other, b, bRecord, a, aRecord) !== 0) {
      JSON.parse(one.toString('utf8', a, aEnd));
      JSON.parse(other.toString('utf8', b, bEnd));
      different += 1;
    }
    [a, b] = [aEnd + 1, bEnd + 1];
  }
}
for (const file of files.values()) await (await file).close();
process.stdout.write(`${different}\n`);
