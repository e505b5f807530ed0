import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deletionDocument,
  parseDeletionAnswer,
} from '../../../../../src/object-store/s3/requests/bulk-delete.js';
import {
  children,
  isXmlText,
  parseXml,
  textOf,
} from '../../../../../src/object-store/s3/wire/xml.js';

describe('a bulk delete', () => {
  it('names every key as it is', () => {
    const character = fc
      .integer({ min: 0, max: 0x10ffff })
      .map((code) => String.fromCodePoint(code))
      .filter(isXmlText);
    const keys = fc.array(fc.string({ unit: character, maxLength: 8 }), { maxLength: 5 });
    fc.assert(
      fc.property(keys, (named) => {
        const root = parseXml(deletionDocument(named), 'Delete') ?? '';
        const read = children(root, 'Object').map((object) => textOf(object, 'Key'));
        expect(read).toEqual(named);
      }),
    );
  });

  it('asks for an answer about every key', () => {
    expect(deletionDocument(['a'])).not.toContain('Quiet');
  });

  it('is answered with what is gone and what is not', () => {
    const answer = parseDeletionAnswer(
      '<DeleteResult><Deleted><Key>a &amp; &#x0d;</Key></Deleted><Deleted><Key> b </Key><DeleteMarker>true</DeleteMarker></Deleted><Error><Key>c</Key><Code>AccessDenied</Code><Message>No.</Message></Error><Error><Code>InternalError</Code></Error></DeleteResult>',
    );
    expect(answer?.deleted).toEqual(new Set(['a & \r', ' b ']));
    expect(answer?.refused).toEqual(new Map([['c', { code: 'AccessDenied', message: 'No.' }]]));
  });

  it('may be answered with nothing, but not with something else', () => {
    expect(parseDeletionAnswer('<DeleteResult/>')).toEqual({
      deleted: new Set(),
      refused: new Map(),
    });
    expect(parseDeletionAnswer('<Error><Code>MalformedXML</Code></Error>')).toBeNull();
  });
});
