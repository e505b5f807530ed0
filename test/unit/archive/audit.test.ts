import { beforeAll, describe, expect, it } from 'vitest';
import { auditArchive } from '../../../src/archive/audit.js';
import { type ArchiveProblem } from '../../../src/archive/archive.js';
import { FOOTER_BYTES } from '../../../src/archive/footer.js';
import { type Audited, audit, namedKeys, sourcesOf } from '../../helpers/archive-audit.js';
import { membersOf } from '../../helpers/archive-members.js';
import {
  type OpenArchive,
  type SampleObject,
  archiveOf,
  noise,
  openArchive,
  sha256,
  text,
} from '../../helpers/archive-samples.js';

const MIB = 1024 * 1024;

/** Two members of small objects, deflated and stored, a large one between, and odd names. */
const objects: SampleObject[] = [
  { bucket: 'b', key: 'a', content: Buffer.alloc(0) },
  { bucket: 'b', key: 'a/b', content: text(700) },
  { bucket: 'b', key: 'b', content: text(513) },
  { bucket: 'b', key: 'm-large', content: noise(MIB + 100, 'large') },
  { bucket: 'b', key: `n-${'x'.repeat(200)}`, content: noise(600, 'n') },
  { bucket: 'c', key: '\u{1f600}', content: noise(1500, 'emoji') },
];
const totalBytes = objects.reduce((sum, { content }) => sum + content.length, 0);

function flip(bytes: Buffer, at: number, mask = 1): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= mask;
  return changed;
}

describe('an audit', () => {
  let bytes: Buffer;
  let archive: OpenArchive;

  beforeAll(async () => {
    ({ bytes } = await archiveOf(objects));
    archive = await openArchive(bytes);
  });

  /** Shows as a problem, or at least in the digest of the whole. */
  function expectNoticed(audited: Audited, at: number): void {
    const noticed = audited.problems.length > 0 || audited.sha256 !== sha256(bytes);
    expect(noticed, `byte ${at}`).toBe(true);
  }

  const offsetOf = (content: Buffer) => bytes.indexOf(content.subarray(0, 400));

  it('of a good archive finds nothing, and counts its objects and bytes', async () => {
    expect(await audit(bytes)).toEqual({
      sha256: sha256(bytes),
      objects: objects.length,
      bytes: totalBytes,
      problems: [],
    });
  });

  it('of an empty archive finds nothing', async () => {
    const empty = (await archiveOf([])).bytes;
    const audited = await audit(empty);
    expect(audited).toEqual({ sha256: sha256(empty), objects: 0, bytes: 0, problems: [] });
  });

  it('digests the archive as it is, whatever is wrong with it', async () => {
    for (const at of [0, 25, offsetOf(objects[3]!.content), bytes.length - FOOTER_BYTES - 5]) {
      const damaged = flip(bytes, at);
      expect((await audit(damaged, archive.directory)).sha256).toBe(sha256(damaged));
    }
  });

  it('notices one flipped bit at 100 places', async () => {
    const places = noise(400, 'places');
    for (let n = 0; n < 100; n++) {
      const at = places.readUInt32LE(n * 4) % bytes.length;
      expectNoticed(await audit(flip(bytes, at, 1 << (n & 7)), archive.directory), at);
    }
  });

  it('names the object at each of 30 places in its data', async () => {
    const places = noise(120, 'more places');
    for (let n = 0; n < 30; n++) {
      const at = offsetOf(objects[3]!.content) + (places.readUInt32LE(n * 4) % MIB);
      expect(namedKeys(await audit(flip(bytes, at), archive.directory))).toContain('m-large');
    }
  });
});

describe('an audit of a small archive', () => {
  it('notices each flipped byte of headers, trailers and footer, and each fifth of the rest', async () => {
    const { bytes } = await archiveOf([
      { bucket: 'b', key: 'deflated', content: text(600) },
      { bucket: 'b', key: 'stored', content: noise(600) },
    ]);
    const { directory } = await openArchive(bytes);
    const digest = sha256(bytes);
    const borders = membersOf(bytes).map(({ offset }) => offset);
    const isNearBorder = (at: number) =>
      borders.some((border) => at >= border - 8 && at < border + 32) ||
      at >= bytes.length - FOOTER_BYTES - 8;
    let tried = 0;
    for (let at = 0; at < bytes.length; at++) {
      if (at % 5 !== 0 && !isNearBorder(at)) continue;
      tried += 1;
      const audited = await audit(flip(bytes, at, 0xff), directory);
      const noticed = audited.problems.length > 0 || audited.sha256 !== digest;
      expect(noticed, `byte ${at}`).toBe(true);
    }
    expect(tried).toBeGreaterThan(bytes.length / 5);
  });
});

describe('damage to one place', () => {
  const many = Array.from({ length: 9 }, (_, n) => ({
    bucket: 'b',
    key: `page-${n}`,
    content: noise(400_000, String(n)),
  }));
  let bytes: Buffer;
  let archive: OpenArchive;

  beforeAll(async () => {
    ({ bytes } = await archiveOf(many));
    archive = await openArchive(bytes);
  });

  const sharing = (key: string) => {
    const { offset } = archive.lines.find((line) => line.key === key)!;
    return archive.lines.filter((line) => line.offset === offset).map((line) => line.key);
  };

  it.each(['page-0', 'page-4', 'page-8'])(
    'in %s names it, and no object of another member',
    async (key) => {
      const content = noise(400_000, key.slice(-1));
      const at = bytes.indexOf(content.subarray(0, 1000)) + 500;
      const audited = await audit(flip(bytes, at), archive.directory);
      expect(namedKeys(audited)).toEqual(sharing(key));
      expect(audited.problems.map(({ kind }) => kind)).toContain('member');
      expect(audited.objects).toBe(many.length - sharing(key).length);
    },
  );

  it('in two members is found in both: the audit goes on behind the first', async () => {
    const places = ['0', '8'].map((seed) => bytes.indexOf(noise(1000, seed)) + 500);
    const audited = await audit(flip(flip(bytes, places[0]!), places[1]!), archive.directory);
    expect(namedKeys(audited)).toEqual([...sharing('page-0'), ...sharing('page-8')]);
    expect(audited.problems.filter(({ kind }) => kind === 'member')).toHaveLength(2);
  });

  it('in the middle of a large object does not take the next one along', async () => {
    const large = { bucket: 'b', key: 'large', content: noise(9 * MIB) };
    const next = { bucket: 'b', key: 'next', content: noise(1000, 'next') };
    const both = (await archiveOf([large, next])).bytes;
    const { directory } = await openArchive(both);
    const at = both.indexOf(large.content.subarray(5 * MIB, 5 * MIB + 1000));
    const audited = await audit(flip(both, at), directory);
    expect(namedKeys(audited)).toEqual(['large']);
    expect(audited).toMatchObject({ objects: 1, bytes: 1000 });
  });

  it('in the header of a member does not take the next ones along', async () => {
    const { offset } = archive.lines.find(({ key }) => key === 'page-4')!;
    for (const at of [offset, offset + 12, offset + 21, offset + 23]) {
      const audited = await audit(flip(bytes, at), archive.directory);
      expect(namedKeys(audited), `byte ${at - offset}`).toEqual(sharing('page-4'));
    }
  });

  it('in the index chunk is told as such, and the data is walked all the same', async () => {
    const chunk = archive.directory.chunks[0]!;
    const audited = await audit(flip(bytes, chunk.offset + 40), archive.directory);
    expect(audited.problems.map(({ kind }) => kind)).toContain('chunk');
    expect(audited.sha256).not.toBe(sha256(bytes));
    expect(audited.objects).toBe(0);
  });

  it('in a document is told as one of a document', async () => {
    const at = archive.directory.documents[0]!.offset + 30;
    const audited = await audit(flip(bytes, at), archive.directory);
    expect(audited.problems.map(({ kind }) => kind)).toEqual(['member', 'document']);
    expect(audited.problems[1]?.message).toContain('buckets.json');
    expect(audited.objects).toBe(many.length);
  });

  it('at the end of the tar is told', async () => {
    const end = membersOf(bytes).at(-1)!;
    const audited = await audit(flip(bytes, end.offset + 100), archive.directory);
    expect(audited.problems.map(({ kind }) => kind)).toEqual(['member', 'tar']);
    expect(audited.objects).toBe(many.length);
  });

  it('does not stop an audit from being broken off', async () => {
    const stop = new AbortController();
    const problems: ArchiveProblem[] = [];
    const auditing = auditArchive(sourcesOf(bytes), archive.directory, {
      problem: (problem) => problems.push(problem),
      progress: () => stop.abort(new Error('stopped')),
      signal: stop.signal,
    });
    await expect(auditing).rejects.toThrow('stopped');
    expect(problems).toEqual([]);
  });
});
