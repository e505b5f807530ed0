import { describe, expect, it } from 'vitest';
import {
  contentFor,
  isSameDocument,
  whySkipped,
} from '../../../../src/restore/documents/documents.js';

const renamed = { name: 'photos', target: 'photos-2' };

function policy(text: string): string {
  return contentFor('policy', Buffer.from(text), renamed).toString();
}

describe('a policy under another name', () => {
  it.each([
    ['"arn:aws:s3:::photos"', '"arn:aws:s3:::photos-2"'],
    ['"arn:aws:s3:::photos/*"', '"arn:aws:s3:::photos-2/*"'],
    ['"arn:aws:s3:::photos\\/*"', '"arn:aws:s3:::photos-2\\/*"'],
    ['"arn:aws-cn:s3:::photos/a"', '"arn:aws-cn:s3:::photos-2/a"'],
    [
      '["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"]',
      '["arn:aws:s3:::photos-2", "arn:aws:s3:::photos-2/*"]',
    ],
  ])('names it: %s', (before, after) => {
    expect(policy(before)).toBe(after);
  });

  it.each([
    '"arn:aws:s3:::photos-old/*"',
    '"arn:aws:s3:::photos.old"',
    '"arn:aws:s3:::my-photos/*"',
    '"arn:aws:s3:::other/photos/*"',
    '{ "Sid" : "photos",\n\t"Action": "s3:GetObject" }',
    '"arn:aws:sns:::photos"',
  ])('is otherwise as it was, byte for byte: %s', (text) => {
    expect(policy(text)).toBe(text);
  });

  it('takes a dot in the name for a dot', () => {
    const dotted = { name: 'a.b', target: 'c' };
    const text = '["arn:aws:s3:::axb/*","arn:aws:s3:::a.b/*"]';
    const after = contentFor('policy', Buffer.from(text), dotted).toString();
    expect(after).toBe('["arn:aws:s3:::axb/*","arn:aws:s3:::c/*"]');
  });

  it('leaves the other documents alone', () => {
    const content = Buffer.from('<a>"arn:aws:s3:::photos/"</a>');
    expect(contentFor('lifecycle', content, renamed)).toBe(content);
  });
});

describe('what tells others of objects', () => {
  it('is left out of a bucket of another name alone', () => {
    expect(whySkipped('notification', renamed)).toContain('photos-2');
    expect(whySkipped('replication', renamed)).toContain('photos-2');
    expect(whySkipped('policy', renamed)).toBeUndefined();
    expect(whySkipped('notification', { name: 'a', target: 'a' })).toBeUndefined();
  });
});

describe('two documents', () => {
  it.each([
    ['<A xmlns="x"><B>1</B></A>', '<?xml version="1.0"?>\n<A><B>1</B></A>'],
    ['{"a": [1, 2]}', '{"a":[1,2]}'],
    ['{"a": [1, {"b": 2, "c": [3, 4]}]}', '{"a":[{"c":[4,3],"b":2},1]}'],
    ['neither', 'neither'],
  ])('are the same however they are written: %s', (a, b) => {
    expect(isSameDocument(Buffer.from(a), Buffer.from(b))).toBe(true);
  });

  it.each([
    ['<A><B>1</B></A>', '<A><B>2</B></A>'],
    ['<A><B>1</B></A>', '<A><B>1</B><B>1</B></A>'],
    ['{"a": [1, 2]}', '{"a": [2, 2]}'],
    ['neither', 'nor'],
    ['<A>', '{}'],
  ])('differ: %s', (a, b) => {
    expect(isSameDocument(Buffer.from(a), Buffer.from(b))).toBe(false);
  });
});
