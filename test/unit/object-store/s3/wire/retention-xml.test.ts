import { describe, expect, it } from 'vitest';
import {
  parseBucketLock,
  parseCertainRetention,
} from '../../../../../src/object-store/s3/wire/object-lock.js';
import { parseVersionPage } from '../../../../../src/object-store/s3/wire/version-page-xml.js';

const document = (inside: string) => `<Retention>${inside}</Retention>`;

describe('a retention', () => {
  it('is read', () => {
    const until = '<RetainUntilDate>2050-01-01T00:00:00Z</RetainUntilDate>';
    expect(parseCertainRetention(document(`<Mode>COMPLIANCE</Mode>${until}`))).toEqual({
      retention: { mode: 'COMPLIANCE', until: '2050-01-01T00:00:00.000Z' },
    });
    expect(parseCertainRetention(document(''))).toEqual({ retention: null });
  });

  it.each(['', 'ok', '<html></html>', '<Retention>', '{}'])('is not %j', (text) => {
    expect(parseCertainRetention(text)).toBeNull();
  });

  it.each([
    '<Mode>GOVERNANCE</Mode>',
    '<RetainUntilDate>2050-01-01T00:00:00Z</RetainUntilDate>',
    '<Mode>FOREVER</Mode><RetainUntilDate>2050-01-01T00:00:00Z</RetainUntilDate>',
    '<Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate>',
  ])('that says half is an unexpected answer: %s', (inside) => {
    expect(() => parseCertainRetention(document(inside))).toThrow('no known mode or no valid date');
  });
});

describe('the object lock of a bucket', () => {
  const lock = (inside: string) => `<ObjectLockConfiguration>${inside}</ObjectLockConfiguration>`;
  const ON = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>';

  it.each([
    [lock(ON), { byDefault: null }],
    [lock(`${ON}<Rule></Rule>`), { byDefault: null }],
    [
      lock(
        `${ON}<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>7</Days></DefaultRetention></Rule>`,
      ),
      { byDefault: { mode: 'GOVERNANCE', period: 'days: 7' } },
    ],
    [
      lock(
        `${ON}<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>1</Years></DefaultRetention></Rule>`,
      ),
      { byDefault: { mode: 'COMPLIANCE', period: 'years: 1' } },
    ],
    // A rule that says nothing that is known may lock everything.
    [lock(`${ON}<Rule><Other/></Rule>`), { byDefault: { mode: 'unknown', period: 'years: ?' } }],
    [lock(''), null],
    ['', null],
  ])('%s', (xml, expected) => {
    expect(parseBucketLock(xml)).toEqual(expected);
  });
});

it('versions and markers are in the order of the answer', () => {
  const version = (id: string) =>
    `<Version><Key>k</Key><VersionId>${id}</VersionId><IsLatest>false</IsLatest><Size>1</Size></Version>`;
  const marker = (id: string) =>
    `<DeleteMarker><Key>k</Key><VersionId>${id}</VersionId><IsLatest>false</IsLatest></DeleteMarker>`;
  const xml = `<ListVersionsResult>${marker('4')}${version('3')}${marker('2')}${version('1')}</ListVersionsResult>`;
  expect(parseVersionPage(xml, '')?.versions.map(({ versionId }) => versionId)).toEqual([
    ...['4', '3', '2', '1'],
  ]);
});
