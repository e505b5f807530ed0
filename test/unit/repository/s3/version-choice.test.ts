import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectVersion } from '../../../../src/object-store/port.js';
import {
  type SeenVersions,
  addVersion,
  isWrittenOnce,
  versionToShow,
} from '../../../../src/repository/s3/version-choice.js';

const ID = 'minio_backup_full_20240101_000000';
const AT_MS = Date.parse('2024-01-02T00:00:00Z');

interface Made {
  by: 'run' | 'stranger';
  isDeleteMarker: boolean;
  /** The time that the server tells. */
  ms: number;
}

/** `made` is in the order of the list, the newest first. */
function shown(made: readonly Made[], atMs: number, mayBeFirst = true) {
  const versions = made.map(({ isDeleteMarker, ms }, index): ObjectVersion => ({
    ...{ key: 'k', versionId: String(index), isDeleteMarker, isLatest: index === 0 },
    ...{ lastModified: new Date(ms).toISOString(), sizeBytes: 1, etag: 'x' },
  }));
  const seen = versions.reduce<SeenVersions | undefined>(
    (so, version) => addVersion(so, version, { ms: Date.parse(version.lastModified), atMs }),
    undefined,
  );
  const found = seen === undefined ? undefined : versionToShow(seen, mayBeFirst);
  const version = made[Number(found?.version.versionId)];
  return found === undefined ? undefined : { ...version, isProven: found.isProven };
}

/** What a stranger does with the keys of the host, one thing after the other. */
const deed = fc.oneof(
  fc.record({ kind: fc.constantFrom('overwrite', 'delete') }),
  // Which version, from the oldest; whether an extension shows at once, or once something is over it.
  fc.record({ kind: fc.constant('extend'), which: fc.nat(6), shows: fc.boolean() }),
  fc.record({ kind: fc.constant('uncover') }),
);
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

const INTRUSION_MS = 1000;

/** The list of versions after these deeds. A version of the run is locked: nobody removes it. */
function afterwards(written: readonly number[], deeds: readonly Deed[]): Made[] {
  // The oldest first.
  const list: (Made & { laterMs?: number })[] = written.map((ms) => ({
    ...{ by: 'run', isDeleteMarker: false, ms },
  }));
  let nowMs = INTRUSION_MS;
  for (const one of deeds) {
    nowMs += 10;
    if ('which' in one) {
      const version = list[one.which];
      if (version === undefined || version.isDeleteMarker) continue;
      if (one.shows) version.ms = nowMs;
      else version.laterMs = nowMs;
    } else if (one.kind === 'uncover') {
      if (list.at(-1)?.by === 'stranger') list.pop();
    } else {
      const top = list.at(-1);
      if (top?.laterMs !== undefined) top.ms = top.laterMs;
      list.push({ by: 'stranger', isDeleteMarker: one.kind === 'delete', ms: nowMs });
    }
  }
  return list.reverse();
}

const deeds = fc.array(deed, { maxLength: 12 });

describe('the version of a key at a time', () => {
  it('is that of the run, whatever a stranger does afterwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: INTRUSION_MS - 1 }), deeds, (ms, done) => {
        expect(shown(afterwards([ms], done), INTRUSION_MS - 1)).toMatchObject({ by: 'run' });
      }),
    );
  });

  it('is proven by its time only if it was there', () => {
    fc.assert(
      fc.property(deeds, (done) => {
        const list = afterwards([], done);
        expect(shown(list, INTRUSION_MS)?.isProven).not.toBe(true);
        expect(shown(list, INTRUSION_MS, false)).toBeUndefined();
      }),
    );
  });

  it('does not depend on extensions of locks, where a run has written once', () => {
    fc.assert(
      fc.property(deeds, (done) => {
        const others = done.filter((one) => !('which' in one));
        const [with_, without] = [afterwards([5], done), afterwards([5], others)].map((list) =>
          shown(list, INTRUSION_MS - 1),
        );
        expect(with_?.by).toBe(without?.by);
      }),
    );
  });

  it('is one of the run where its PUT was repeated', () => {
    fc.assert(
      fc.property(deeds, (done) => {
        const found = shown(afterwards([5, 6], done), INTRUSION_MS - 1);
        expect(found?.by).toBe('run');
      }),
    );
  });

  it('is unknown if what was below a delete marker is lost', () => {
    const forged: Made[] = [
      { by: 'stranger', isDeleteMarker: false, ms: 30 },
      { by: 'stranger', isDeleteMarker: true, ms: 20 },
    ];
    expect(shown(forged, 10)).toBeUndefined();
    expect(shown(forged, 20)).toBeUndefined();
  });

  it('is unknown where a server lists the oldest first', () => {
    const [old, current] = [1, 2].map((ms) => ({
      ...{ key: 'k', versionId: String(ms), isDeleteMarker: false, isLatest: ms === 2 },
      ...{ lastModified: new Date(ms).toISOString(), sizeBytes: 1, etag: 'x' },
    })) as [ObjectVersion, ObjectVersion];
    const first = addVersion(undefined, old, { ms: 1, atMs: 0 });
    const seen = addVersion(first, current, { ms: 2, atMs: 0 });
    expect(versionToShow(seen, true)).toBeUndefined();
  });
});

describe('what a run writes once', () => {
  it.each([`${ID}.tar.gz`, `${ID}.tar.gz.age`, `${ID}.index.age`, `${ID}.json.minisig`])(
    'is %s',
    (name) => {
      expect(isWrittenOnce(name, AT_MS)).toBe(true);
      expect(isWrittenOnce(name, Date.parse('2023-12-31T23:59:59Z'))).toBe(false);
    },
  );

  it.each([`${ID}.accepted`, `${ID}.expired`, `${ID}.json.partial`, `x/${ID}.json`, 'other.json'])(
    'is not %s',
    (name) => {
      expect(isWrittenOnce(name, AT_MS)).toBe(false);
    },
  );
});
