import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleLines } from '../../../../src/cli/output/terminal-text.js';

describe('visible', () => {
  it.each([
    ['\u001b[31m', String.raw`\u001b[31m`],
    ['a\nb\r\t\0', String.raw`a\u000ab\u000d\u0009\u0000`],
    ['\u009b2J', String.raw`\u009b2J`],
    ['photo\u202egpj.exe', String.raw`photo\u202egpj.exe`],
    ['\ud800', String.raw`\ud800`],
    ['ページ 😀 é', 'ページ 😀 é'],
  ])('%j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves nothing that a terminal acts on, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('visibleLines', () => {
  it('keeps line ends, and nothing else', () => {
    expect(visibleLines('a\nb\u001bc\r\n')).toBe('a\nb' + String.raw`\u001bc\u000d` + '\n');
  });
});
