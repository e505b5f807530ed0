import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parsePartialName,
  partialName,
  stateOfWriter,
  thisWriter,
  versionTag,
} from '../../../../src/jobs/download/partial-name.js';

const place = { bucket: 'processed', key: '17/result.zip' };
const version = versionTag(place, 'abc');

describe('the name of a partial download', () => {
  it('tells version and writer, for any name of the file', async () => {
    const writer = await thisWriter();
    const names = fc.string({ unit: fc.constantFrom('a', '.', '-', '0', '頁'), minLength: 1 });
    fc.assert(
      fc.property(names, fc.constantFrom(writer, undefined), (name, owner) => {
        const partial = partialName(name, { version, writer: owner });
        expect(parsePartialName(name, partial)).toEqual({ version, writer: owner });
        expect(Buffer.byteLength(partialName(name.repeat(99), { version, writer }))).toBeLessThan(
          256,
        );
      }),
    );
  });

  it.each([
    'x.zip',
    '.x.zip',
    '.x.zip.partial',
    `.other.zip.${version}.partial`,
    `.x.zip.${version}`,
  ])('is not %s', (file) => {
    expect(parsePartialName('x.zip', file)).toBeUndefined();
  });

  it('differs from one ETag, key and bucket to another', () => {
    const tags = [
      version,
      versionTag(place, 'abd'),
      versionTag({ ...place, key: '18/result.zip' }, 'abc'),
      versionTag({ ...place, bucket: 'outputs' }, 'abc'),
    ];
    expect(new Set(tags).size).toBe(4);
  });
});

describe('the writer of a partial download', () => {
  it('is alive while its process is, and dead when it has ended or the machine was started anew', async () => {
    const writer = await thisWriter();
    const [pid = '', ticks = '', host = '', boot = ''] = writer.split('-');
    expect(await stateOfWriter(writer)).toBe('alive');
    expect(await stateOfWriter(`4194305-${ticks}-${host}-${boot}`)).toBe('dead');
    expect(await stateOfWriter(`${pid}-${ticks}-${host}-00000000`)).toBe('dead');
  });

  it('is not known of another machine', async () => {
    const [pid = '', ticks = '', , boot = ''] = (await thisWriter()).split('-');
    expect(await stateOfWriter(`${pid}-${ticks}-00000000-${boot}`)).toBe('foreign');
  });
});
