import { describe, expect, it } from 'vitest';
import {
  KEY_CLASSES,
  PlannedClasses,
  classesOf,
  probeKeyOf,
} from '../../../../src/restore/plan/key-classes.js';

describe('the classes of a key', () => {
  it.each([
    ['a/b.c', 1, []],
    ['a..b/.hidden/c.', 1, []],
    ['', 1, []],
    ['/x', 1, ['leading /']],
    ['a\\b', 1, ['backslash']],
    ['dir/', 1, ['trailing / with content']],
    ['dir/', 0, []],
    ['a//b', 1, ['//']],
    ['.', 1, ['. segment']],
    ['./a', 1, ['. segment']],
    ['a/.', 1, ['. segment']],
    ['a/./b', 1, ['. segment']],
    ['..', 1, ['.. segment']],
    ['../a', 1, ['.. segment']],
    ['a/..', 1, ['.. segment']],
    ['//..\\/', 1, ['leading /', 'backslash', 'trailing / with content', '//']],
  ])('of %j with %i bytes are %j', (key, size, classes) => {
    expect(classesOf(key, size)).toEqual(classes);
  });

  it('are each tried with a key of that class alone', () => {
    for (const name of KEY_CLASSES) expect(classesOf(probeKeyOf(name, 'stem'), 1)).toEqual([name]);
  });

  it('are counted by bucket, and forgotten where a plan is made anew', () => {
    const planned = new PlannedClasses();
    planned.add('b', '/x', 1);
    planned.add('c', '/x//y', 1);
    planned.add('c', 'plain', 1);
    expect(planned.classes).toEqual(['leading /', '//']);
    expect(planned.keysOf('leading /')).toBe(2);
    expect(planned.buckets).toEqual(['b', 'c']);
    planned.forget('c');
    expect(planned.classes).toEqual(['leading /']);
    expect(planned.buckets).toEqual(['b']);
  });
});
