import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placesOf, placeText, refusedBuckets, resultPlaces } from '../../../src/jobs/places.js';

const TEMPLATES = ['processed/{job}/result.zip', 'outputs/{job}/video.mp4'];
const files = (jobBucket?: string) => ({
  jobBucket,
  storeUrls: ['http://minio:9000', 'https://cdn.example.com:443'],
  resultBuckets: undefined as readonly string[] | undefined,
});
const texts = (returnValue: unknown, jobBucket?: string) =>
  resultPlaces({ id: '17', returnValue }, TEMPLATES, files(jobBucket)).map(placeText).slice(2);

describe('the known places', () => {
  it('begin with their buckets, in the order of the templates', () => {
    expect(placesOf(TEMPLATES, '17', undefined)).toEqual([
      { bucket: 'processed', key: '17/result.zip' },
      { bucket: 'outputs', key: '17/video.mp4' },
    ]);
  });

  it('are prefixes in the bucket of all files, where there is one', () => {
    expect(placesOf(TEMPLATES, '17', 'manga')).toEqual([
      { bucket: 'manga', key: 'processed/17/result.zip' },
      { bucket: 'manga', key: 'outputs/17/video.mp4' },
    ]);
  });

  it('hold any id as it is, and its bucket is never changed by it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const [place] = placesOf(TEMPLATES, id, undefined);
        expect(place).toEqual({ bucket: 'processed', key: `${id}/result.zip` });
      }),
    );
    expect(placesOf(['a/{job}/{job}.zip'], '$&/../x', undefined)).toEqual([
      { bucket: 'a', key: '$&/../x/$&/../x.zip' },
    ]);
  });
});

describe('a bucket that a return value may not name', () => {
  const limited = { ...files(), resultBuckets: ['processed', 'outputs'] };
  const returned = (returnValue: unknown) =>
    resultPlaces({ id: '17', returnValue }, TEMPLATES, limited).map(placeText).slice(2);

  it.each([
    ['s3://private/bob.zip', [], ['private']],
    [{ bucket: 'private', key: 'bob.zip' }, [], ['private']],
    [{ url: 'http://minio:9000/private/bob.zip' }, [], ['private']],
    [['private/a', 'private/b', 'processed/17/x.zip'], ['processed/17/x.zip'], ['private']],
    ['outputs/17/x.zip', ['outputs/17/x.zip'], []],
    [null, [], []],
  ])('is left out: %j', (value, places, refused) => {
    expect(returned(value)).toEqual(places);
    expect(refusedBuckets(value, limited)).toEqual(refused);
    expect(refusedBuckets(value, files())).toEqual([]);
  });
});

describe('the return value', () => {
  it.each([
    ['a path', 'processed/17/out.zip', ['processed/17/out.zip']],
    ['a path with a slash before it', '/processed/17/out.zip', ['processed/17/out.zip']],
    ['an s3 URL', 's3://made/17/out.zip', ['made/17/out.zip']],
    ['a URL', 'http://minio:9000/made/17/a%20b.zip?X-Amz-Date=1', ['made/17/a b.zip']],
    ['a public URL', 'https://cdn.example.com/made/17/x.zip', ['made/17/x.zip']],
    ['an object', { output: 'made/17/x.zip', pages: 3 }, ['made/17/x.zip']],
    ['an object in it', { result: { videoUrl: 's3://made/17/x.mp4' } }, ['made/17/x.mp4']],
    ['a list', { files: ['made/17/x.zip', 'made/17/y.zip'] }, ['made/17/x.zip', 'made/17/y.zip']],
    ['bucket and key', { bucket: 'made', key: '17/x.zip' }, ['made/17/x.zip']],
  ])('may be %s', (_form, value, expected) => {
    expect(texts(value)).toEqual(expected);
  });

  it.each([
    ['a word', 'done'],
    ['a number', 17],
    ['nothing', null],
    ['a folder', 'made/17/'],
    ['a URL of others', 'https://evil.example.com/made/17/x.zip'],
    ['a URL of another port', 'http://minio:9001/made/17/x.zip'],
    ['a broken URL', 'http://minio:9000/made/17/%zz'],
    ['a file of the machine', 'file:///etc/passwd'],
    ['no bucket', '../17/x.zip'],
    ['several lines', 'made/17\n/x.zip'],
    ['a preview', { thumbnail_path: 'made/17/thumb.jpg', inputPath: 'originals/17/p.png' }],
    ['too deep', { result: { result: { result: { result: { path: 'made/17/x.zip' } } } } }],
    ['too long', `made/${'k'.repeat(1025)}`],
  ])('that is %s names nothing', (_form, value) => {
    expect(texts(value)).toEqual([]);
  });

  it('is a path in the bucket of all files, with or without its name', () => {
    expect(texts('outputs/17/x.zip', 'manga')).toEqual(['manga/outputs/17/x.zip']);
    expect(texts('manga/outputs/17/x.zip', 'manga')).toEqual(['manga/outputs/17/x.zip']);
    expect(texts('s3://other/17/x.zip', 'manga')).toEqual(['other/17/x.zip']);
  });

  it('names few places, and none twice', () => {
    const many = { files: Array.from({ length: 1000 }, (_none, index) => `made/17/${index}`) };
    expect(texts(many)).toHaveLength(8);
    expect(texts('processed/17/result.zip')).toEqual([]);
  });

  it('of any form is taken without an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('manga', undefined), (value, jobBucket) => {
        expect(texts(value, jobBucket).length).toBeLessThanOrEqual(8);
      }),
    );
  });
});
