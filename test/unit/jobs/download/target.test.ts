import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localName } from '../../../../src/jobs/download/target.js';

const ids = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: fc.constantFrom('.', '/', '-', '\\', '\0', 'a', '1', '_', ' ', '頁') }),
  fc.constantFrom('..', '.', '', '-rf', '../../etc/passwd', 'C:\\x', 'a'.repeat(1000)),
);

describe('the name of a local file', () => {
  it.each([
    ['4711', '4711/result.zip', '4711-result.zip'],
    ['4711', 'outputs/4711/video.mp4', '4711-video.mp4'],
    ['4711', 'made/final.MOV', '4711-video.MOV'],
    ['4711', 'made/final', '4711-result'],
    ['6f1c-aa_2.b', 'x/y.tar', '6f1c-aa_2.b-result.tar'],
  ])('of job %s and %s is %s', (id, key, name) => {
    expect(localName(id, key)).toBe(name);
  });

  it('is one plain, visible name in its folder for any id and key', () => {
    fc.assert(
      fc.property(ids, fc.string({ unit: 'binary' }), (id, key) => {
        const name = localName(id, key);
        expect(path.join('/folder', name)).toBe(`/folder/${name}`);
        expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._~-]*$/);
        expect(name.length).toBeLessThanOrEqual(120);
      }),
    );
  });

  it('of two ids is never the same', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        fc.pre(one !== other);
        expect(localName(one, 'result.zip')).not.toBe(localName(other, 'result.zip'));
      }),
    );
    const made = localName('a/b', 'x.zip');
    expect(localName(made.replace('-result.zip', ''), 'x.zip')).not.toBe(made);
  });
});
