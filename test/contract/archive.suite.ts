import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { READ_WHOLE_BYTES } from '../../src/archive/archive.js';
import { encodeIndexLine } from '../../src/archive/index-line.js';
import {
  FolderDestination,
  type FolderOptions,
} from '../../src/repository/folder/folder-destination.js';
import { collect } from '../helpers/archive-memory.js';
import {
  CREATED_AT,
  type SampleObject,
  addInPieces,
  addWhole,
  inOrder,
  noise,
  recordOf,
  text,
} from '../helpers/archive-samples.js';
import { temporaryFolder } from '../helpers/backups.js';
import {
  type StoredArchive,
  TEST_CLOCK,
  auditStored,
  readObject,
  storeArchive,
  storeObjects,
} from '../helpers/stored-archives.js';

const MIB = 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);
const SIZES = [0, 1, 511, 512, MIB - 1, MIB, MIB + 1, 4 * MIB + 1];
const ODD_KEYS = [
  ...['a', 'a/b', 'a/b/c', '..', '../a', '/leading', 'trailing/', 'a//b', 'new\nline', ' '],
  ...['\uff5e', '\u{1f600}', 'x'.repeat(256), 'back\\slash', '__proto__', '.mangamotion-keys/x'],
];
const objectsOfAllSizes = SIZES.map((size) => ({
  bucket: 'b',
  key: `size-${size}`,
  content: size % 2 === 0 ? noise(size) : text(size),
}));

/** Whether a bit was flipped that no reader looks at, such as the time in the header of a gzip member. */
function readsTheSame(original: Buffer, flipped: Buffer): boolean {
  return original.subarray(0, 2).equals(GZIP) && gunzipSync(flipped).equals(gunzipSync(original));
}

/** What archives of both kinds do alike, in a folder as destination. */
export function describeArchives(name: string, options: FolderOptions): void {
  describe(name, () => {
    let folder: string;
    let destination: FolderDestination;
    beforeEach(async () => {
      const temporary = temporaryFolder();
      folder = temporary.folder;
      destination = await FolderDestination.open(folder, options);
      return temporary.remove;
    });

    async function expectSame(stored: StoredArchive, objects: SampleObject[]): Promise<void> {
      const { archive, directory, lines, written, sealed } = stored;
      const sorted = inOrder(objects);
      expect(lines).toMatchObject(sorted.map(recordOf));
      const chunks: Buffer[] = [];
      for (const chunk of directory.chunks) chunks.push(await archive.readChunkBytes(chunk));
      expect(Buffer.concat(chunks).toString()).toBe(lines.map(encodeIndexLine).join(''));
      for (const [n, line] of lines.entries()) {
        expect(line).toMatchObject({ archive: stored.id });
        expect(line.path.startsWith(`${stored.id}/data/${line.bucket}/`)).toBe(true);
        expect((await readObject(archive, line)).equals(sorted[n]!.content)).toBe(true);
        if (line.size > READ_WHOLE_BYTES) continue;
        expect(Buffer.concat(await archive.readWhole(line)).equals(sorted[n]!.content)).toBe(true);
      }
      const bytes = objects.reduce((sum, { content }) => sum + content.length, 0);
      expect(written).toMatchObject({ objects: objects.length, objectBytes: bytes });
      expect(await auditStored({ archive, directory })).toEqual({
        sha256: sealed.sha256,
        objects: objects.length,
        bytes,
        problems: [],
      });
      expect(await archive.checkEnd(written.directory)).toBeUndefined();
      expect(archive.sizeBytes).toBe(sealed.bytes);
      await archive.close();
    }

    it('gives back objects of all sizes, added whole', async () => {
      await expectSame(await storeObjects(destination, objectsOfAllSizes), objectsOfAllSizes);
    });

    it.each([1000, 65_536, 3 * MIB])('gives back objects in pieces of %i', async (pieceBytes) => {
      const stored = await storeObjects(destination, objectsOfAllSizes, addInPieces(pieceBytes));
      await expectSame(stored, objectsOfAllSizes);
    });

    it('gives back whatever it was given', async () => {
      const key = fc.oneof(
        fc.constantFrom(...ODD_KEYS),
        fc.stringMatching(/^[ab./]{1,6}$/),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      );
      const object = fc.record({
        bucket: fc.constantFrom('b', 'c'),
        key,
        content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
        pieces: fc.boolean(),
      });
      const unique = fc.uniqueArray(object, {
        maxLength: 30,
        selector: ({ bucket, key: chosen }) => `${bucket}/${chosen}`,
      });
      const roundTrip = fc.asyncProperty(unique, async (objects) => {
        const inPieces = new Set(objects.filter(({ pieces }) => pieces));
        const stored = await storeObjects(destination, objects, (writer, one) =>
          (inPieces as ReadonlySet<SampleObject>).has(one)
            ? addInPieces(700)(writer, one)
            : addWhole(writer, one),
        );
        await expectSame(stored, objects);
      });
      await fc.assert(roundTrip, { numRuns: 25 });
    });

    it('gives back its document, and rejects one whose digest is another', async () => {
      const { archive, directory } = await storeObjects(destination, []);
      const [document] = directory.documents;
      expect(String(await archive.readDocument(document!))).toBe('[{"name":"sample"}]\n');
      const other = { ...document!, sha256: '0'.repeat(64) };
      await expect(archive.readDocument(other)).rejects.toMatchObject({ code: 'damaged' });
      await archive.close();
    });

    it('gives the buffers back when they are written', async () => {
      let freed = 0;
      const { archive } = await storeObjects(destination, objectsOfAllSizes, (writer, object) =>
        writer.addWholeObject(recordOf(object), [object.content], () => freed++),
      );
      await archive.close();
      expect(freed).toBe(objectsOfAllSizes.length);
    });

    it('does not know an object that was given up, and takes it when it comes again', async () => {
      const object = { bucket: 'b', key: 'again', content: noise(3 * MIB) };
      const given = { ...object, sizeBytes: 3 * MIB, modifiedAt: CREATED_AT };
      const stored = await storeArchive(destination, [object], async (writer) => {
        const attempt = writer.announceObject({ ...given, contentType: undefined });
        await attempt.write(noise(2 * MIB, 'wrong'));
        await attempt.abandon();
        await writer.announceObject({ ...given, contentType: undefined }).abandon();
        await addInPieces(MIB)(writer, object);
      });
      await expectSame(stored, [object]);
    });

    it('refuses content of another length than announced, and objects out of order', async () => {
      const { writer, discard } = await begun();
      const record = recordOf({ bucket: 'b', key: 'b', content: Buffer.from('four') });
      await expect(writer.addWholeObject(record, [Buffer.from('five!')])).rejects.toThrow(/length/);
      const announced = writer.announceObject({
        ...{ bucket: 'b', key: 'c', sizeBytes: 2, modifiedAt: CREATED_AT, contentType: undefined },
      });
      await expect(announced.write(Buffer.from('three'))).rejects.toThrow(/more content/);
      await announced.abandon();
      await addWhole(writer, { bucket: 'b', key: 'd', content: Buffer.from('d') });
      const before = { bucket: 'b', key: 'c', content: Buffer.from('c') };
      await expect(addWhole(writer, before)).rejects.toThrow(/out of order/);
      await discard();
    });

    async function begun() {
      const pending = await destination.begin('full', TEST_CLOCK);
      return { writer: pending.writer, discard: () => pending.discard() };
    }

    it('names objects and chunks of an archive of the other kind', async () => {
      const other = await FolderDestination.open(folder, { plain: options.plain !== true });
      const objects = objectsOfAllSizes.slice(0, 4);
      const parent = await storeObjects(other, objects);
      const chunk = parent.directory.chunks[0]!;
      const referring = await storeArchive(destination, objects, (writer) =>
        writer.refer(chunk, parent.lines),
      );
      expect(referring.directory.chunks).toEqual([chunk]);
      expect(referring.written.references).toEqual([parent.id]);

      const added = { bucket: 'b', key: 'z', content: Buffer.from('new') };
      const carrying = await storeArchive(destination, objects, async (writer) => {
        for (const line of parent.lines) await writer.carry(line);
        await addWhole(writer, added);
      });
      expect(carrying.lines.slice(0, 4)).toEqual(parent.lines);
      expect(carrying.lines[4]).toMatchObject({ ...recordOf(added), archive: carrying.id });
      expect(carrying.written.objects).toBe(5);
      for (const stored of [parent, referring, carrying]) {
        expect((await auditStored(stored)).problems).toEqual([]);
        await stored.archive.close();
      }
    });

    it('cuts its index where the other kind does', async () => {
      const many = Array.from({ length: 9000 }, (_, n) => {
        const key = `${'long-'.repeat(40)}${String(n).padStart(5, '0')}`;
        return recordOf({ bucket: 'b', key, content: Buffer.alloc(0) });
      });
      const ofBucket = [{ bucket: 'b', key: 'any', content: Buffer.alloc(0) }];
      const rangesOf = async (plain: boolean) => {
        const into = await FolderDestination.open(folder, { plain });
        const stored = await storeArchive(into, ofBucket, async (writer) => {
          const place = { archive: 'elsewhere', path: 'p', offset: 0, length: 0, inner: 0 };
          for (const record of many) await writer.carry({ ...record, ...place });
        });
        await stored.archive.close();
        return stored.directory.chunks.map(({ first, last, objects }) => [first, last, objects]);
      };
      const [tar, plain] = [await rangesOf(false), await rangesOf(true)];
      expect(tar.length).toBeGreaterThan(1);
      expect(plain).toEqual(tar);
    });

    it('finds any flipped bit of any file', async () => {
      const objects = ['a', 'b/c', 'd'].map((key) => ({ bucket: 'b', key, content: noise(500) }));
      const { id, sealed, written, archive: first } = await storeObjects(destination, objects);
      await first.close();
      const names = await readdir(folder, { recursive: true });
      // Its summary is no part of the archive.
      const files = names.filter((name) => name !== `${id}.json`).map((name) => join(folder, name));
      const random = fc.asyncProperty(fc.nat(), fc.nat(), async (which, where) => {
        const path = files[which % files.length]!;
        if (!(await stat(path)).isFile()) return;
        const original = await readFile(path);
        const flipped = Buffer.from(original);
        const bit = where % (original.length * 8);
        flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
        await writeFile(path, flipped);
        expect(await isWhole()).toBe(false);
        await writeFile(path, original);
        expect(await isWhole()).toBe(true);
      });
      const isWhole = async () => {
        const archive = await destination.openArchive(id, { sizeBytes: sealed.bytes });
        try {
          if ((await archive.checkEnd(written.directory)) !== undefined) return false;
          const directory = await archive.readDirectory(written.directory);
          const { problems, sha256 } = await auditStored({ archive, directory });
          return problems.length === 0 && sha256 === sealed.sha256;
        } catch (error) {
          expect(error).toMatchObject({ code: 'damaged' });
          return false;
        } finally {
          await archive.close();
        }
      };
      await fc.assert(random, { numRuns: 60 });
    });

    it('is covered by its parts, of which one finds any flipped bit', async () => {
      // The hash of these keys ends an index chunk.
      const ends = ['k031388', 'k041736', 'k048115'];
      const keys = ends.flatMap((end) => [`${end}-`, end, `${end}+`]);
      const objects = [...keys, 'z'].map((key) => ({ bucket: 'b', key, content: noise(500, key) }));
      const { id, sealed, written, archive: first } = await storeObjects(destination, objects);
      await first.close();
      const problemsByPart = async (): Promise<number[] | 'directory'> => {
        const archive = await destination.openArchive(id, { sizeBytes: sealed.bytes });
        const counts: number[] = [];
        try {
          if ((await archive.checkEnd(written.directory)) !== undefined) return 'directory';
          const directory = await archive.readDirectory(written.directory);
          const parts = archive.parts(directory, sealed.bytes);
          expect(parts.map(({ from }) => from)).toEqual(
            [0, ...parts.map(({ to }) => to)].slice(0, -1),
          );
          expect(parts.at(-1)).toMatchObject({ to: sealed.bytes, chunk: undefined });
          let found = 0;
          for (const part of parts) {
            let problems = 0;
            const { objects: intact } = await archive.auditPart(directory, part, {
              problem: () => (problems += 1),
              progress: () => undefined,
              signal: new AbortController().signal,
            });
            found += intact;
            counts.push(problems);
          }
          if (!counts.some((count) => count > 0)) expect(found).toBe(objects.length);
          return counts;
        } catch (error) {
          expect(error).toMatchObject({ code: 'damaged' });
          return 'directory';
        } finally {
          await archive.close();
        }
      };
      expect(await problemsByPart()).toEqual([0, 0, 0, 0, 0]);
      const names = await readdir(folder, { recursive: true });
      const paths = names.filter((name) => name !== `${id}.json`).map((name) => join(folder, name));
      const random = fc.asyncProperty(fc.nat(), fc.nat(), async (which, where) => {
        const path = paths[which % paths.length]!;
        if (!(await stat(path)).isFile()) return;
        const original = await readFile(path);
        const flipped = Buffer.from(original);
        const bit = where % (original.length * 8);
        flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
        await writeFile(path, flipped);
        const problems = await problemsByPart();
        // Damage in one part is no reason to doubt another one.
        const damaged = problems === 'directory' ? 1 : problems.filter((count) => count > 0).length;
        if (damaged === 0) expect(readsTheSame(original, flipped)).toBe(true);
        else expect(damaged).toBe(1);
        await writeFile(path, original);
      });
      await fc.assert(random, { numRuns: 60 });
    });

    it('leaves nothing when it is discarded, before and after it is sealed', async () => {
      for (const seals of [false, true]) {
        const pending = await destination.begin('full', TEST_CLOCK);
        await addWhole(pending.writer, objectsOfAllSizes[0]!);
        const announced = pending.writer.announceObject({
          ...{ bucket: 'b', key: 'z', sizeBytes: 2 * MIB, modifiedAt: CREATED_AT },
          contentType: undefined,
        });
        await announced.write(noise(MIB + 1));
        if (seals) {
          await announced.abandon();
          await pending.writer.finish([]);
          await pending.seal();
        }
        expect(await readdir(folder)).toHaveLength(1);
        await pending.discard();
        expect(await readdir(folder)).toEqual([]);
      }
    });

    it('reads all that an object has, also where it is asked for many at once', async () => {
      const { archive, lines } = await storeObjects(destination, objectsOfAllSizes);
      const all = await Promise.all(lines.map((line) => collect(archive.read(line))));
      expect(all.map((parts) => Buffer.concat(parts).length)).toEqual(
        lines.map(({ size }) => size),
      );
      await archive.close();
    });
  });
}
