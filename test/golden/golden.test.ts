import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ObjectRecord } from '../../src/archive/index-line.js';
import { ObjectReader } from '../../src/archive/object-reader.js';
import { readTruncatedIndex } from '../../src/archive/truncated.js';
import { audit } from '../helpers/archive-audit.js';
import { collect } from '../helpers/archive-memory.js';
import { contentOf, openArchive, sha256 } from '../helpers/archive-samples.js';

/**
 * Archives as earlier versions wrote them. A new version of the format adds a folder; those that
 * are here are never made anew: what they prove is that old backups stay readable.
 */
const golden = fileURLToPath(new URL('.', import.meta.url));
const versions = (await readdir(golden, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && /^v\d+$/.test(entry.name))
  .map((entry) => entry.name);

interface Expected {
  buckets: string[];
  objects: ObjectRecord[];
}

async function read(folder: string): Promise<{ bytes: Buffer; id: string; expected: Expected }> {
  const [name] = (await readdir(folder)).filter((file) => file.endsWith('.tar.gz'));
  const expected = await readFile(path.join(folder, 'expected.json'), 'utf8');
  return {
    bytes: await readFile(path.join(folder, name!)),
    id: name!.replace('.tar.gz', ''),
    // Written by us, next to this test.
    expected: JSON.parse(expected) as Expected,
  };
}

it('there is one for the first version of the format', () => {
  expect(versions).toContain('v1');
});

describe.each(versions)('the archive of %s', (version) => {
  const folder = path.join(golden, version);
  it('has every object with all that belongs to it', async () => {
    const { bytes, id, expected } = await read(folder);
    const { source, directory, lines } = await openArchive(bytes);
    expect(directory.archive).toBe(id);
    expect(directory.buckets.map(({ name }) => name)).toEqual(expected.buckets);
    expect(lines.map(({ bucket, key }) => [bucket, key])).toEqual(
      expected.objects.map(({ bucket, key }) => [bucket, key]),
    );
    const reader = new ObjectReader(source);
    for (const [n, record] of expected.objects.entries()) {
      const { path: file, archive, offset, length, inner, ...rest } = lines[n]!;
      expect(rest).toEqual(record);
      expect({ archive, named: file.startsWith(`${id}/data/${record.bucket}/`) }).toEqual({
        archive: id,
        named: true,
      });
      expect(offset + length).toBeLessThan(bytes.length);
      expect(inner).toBeGreaterThan(0);
      expect(sha256(await contentOf(reader, lines[n]!))).toBe(record.sha256);
    }
  });

  it('passes an audit', async () => {
    const { bytes, expected } = await read(folder);
    expect(await audit(bytes)).toEqual({
      sha256: sha256(bytes),
      objects: expected.objects.length,
      bytes: expected.objects.reduce((sum, { size }) => sum + size, 0),
      problems: [],
    });
  });

  it('can be salvaged without its directory', async () => {
    const { bytes } = await read(folder);
    const { source, directory, lines } = await openArchive(bytes);
    const chunks = await collect(readTruncatedIndex(source));
    expect(chunks).toHaveLength(directory.chunks.length);
    expect(chunks.flat()).toEqual(lines);
  });
});
