import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  escapeXml,
  isXmlText,
  parseXml,
  rootNameOf,
  textOf,
} from '../../../../../src/object-store/s3/wire/xml.js';

describe('text in XML', () => {
  it('comes back from an element as it was', () => {
    const character = fc
      .integer({ min: 0, max: 0x10ffff })
      .map((code) => String.fromCodePoint(code))
      .filter(isXmlText);
    const markup = fc.constantFrom(...' \t\r\n<>&"\'];'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(character, markup) }), (text) => {
        const root = parseXml(`<root><leaf>${escapeXml(text)}</leaf></root>`, 'root');
        expect(root === null ? null : textOf(root, 'leaf')).toBe(text);
      }),
    );
  });

  it('has no blanks that a reader could trim, fold or make one line end of two', () => {
    expect(escapeXml('  a  b \t\r\n ')).toBe('&#32;&#32;a  b &#9;&#13;&#10;&#32;');
  });

  it('has no markup', () => {
    expect(escapeXml(`<a href="b">&amp;</a>]]>`)).toBe(
      '&#60;a href=&#34;b&#34;&#62;&#38;amp;&#60;/a&#62;]]&#62;',
    );
  });

  it.each(['', 'plain', '\t\n\r', '\u0085\u00a0', '\ud7ff\ue000\ufffd', '😀', '\u007f'])(
    'can be %j',
    (text) => {
      expect(isXmlText(text)).toBe(true);
    },
  );

  it.each(['\u0000', 'a\u0001', '\u001f', '\u000b', '\ud800', '\udcff x', '\ufffe', '\uffff'])(
    'cannot be %j',
    (text) => {
      expect(isXmlText(text)).toBe(false);
    },
  );
});

describe('a text that is no document', () => {
  it.each([
    ['half of one', '<a><b>c</b>'],
    ['one that ends in a tag', '<a><b>c</b></a'],
    ['one whose root is not closed', '<a><a>c</a>'.slice(0, -4)],
    ['a million elements in one another', '<a>'.repeat(1_000_000) + '</a>'.repeat(1_000_000)],
    ['a million elements that are not closed', '<a>'.repeat(1_000_000)],
    ['a million ends', `<a>${'</a>'.repeat(1_000_000)}`],
  ])('is not read, nor does it hang or break: %s', { timeout: 10_000 }, (what, text) => {
    const parsed = parseXml(text, 'a');
    if (what === 'a million ends') expect(parsed === null || parsed === '').toBe(true);
    else expect(parsed).toBeNull();
  });

  it('is no bomb: entities of the document are not replaced', { timeout: 10_000 }, () => {
    const levels = Array.from({ length: 30 }, (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};">`);
    const bomb = `<!DOCTYPE a [<!ENTITY e0 "boom">${levels.join('')}]><a><b>&e30;</b></a>`;
    const root = parseXml(bomb, 'a');
    expect(root === null ? '&e30;' : textOf(root, 'b')).toBe('&e30;');
  });

  it('may have blanks and comments without end before its root', { timeout: 10_000 }, () => {
    expect(rootNameOf(`${' '.repeat(16_000_000)}<a/>`)).toBe('a');
    expect(rootNameOf(`${'<!---->'.repeat(100_000)}<a/>`)).toBe('a');
    expect(rootNameOf('<!--'.repeat(1_000_000))).toBeNull();
  });
});

describe('the root element', () => {
  it.each([
    ['<a/>', 'a'],
    ['<a>', 'a'],
    ['<a\nb="c">', 'a'],
    [' \n<?xml version="1.0"?>\n<!-- <b> -->\n<?pi <c>?><s3:List-Result.x1 />', 'List-Result.x1'],
  ])('of %j is %s', (text, name) => {
    expect(rootNameOf(text)).toBe(name);
  });

  it.each(['', 'a', '{"a":1}', '< a>', '<!DOCTYPE html><html>', '<1>', '<!-- <a>', 'x<a/>'])(
    'is none in %j',
    (text) => {
      expect(rootNameOf(text)).toBeNull();
    },
  );
});
