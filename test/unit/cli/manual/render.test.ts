import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { TOPIC_NAMES, readPage } from '../../../../src/cli/manual/topics.js';
import { renderMarkdown } from '../../../../src/cli/manual/render.js';
import type { TextStyle } from '../../../../src/cli/output/answers.js';

const plain: TextStyle = { width: 40, paint: (_tone, text) => text, colored: false };
const colored: TextStyle = {
  ...plain,
  paint: (tone, text) => (tone === undefined ? text : `<${tone}>${text}</>`),
  colored: true,
};

function render(markdown: string, width = 40): string {
  return renderMarkdown(markdown, { ...plain, width });
}

describe('a page as plain text', () => {
  it('underlines headings, keeps backticks, and drops the marks of bold and of links', () => {
    expect(render('# Top\n\n## Next\n\nA `code`, a **bold** and [a link](#top).\n')).toBe(
      'Top\n===\n\nNext\n----\n\nA `code`, a bold and a link.\n',
    );
  });

  it('says how to follow a link', () => {
    const text = render('[Jobs](jobs.md), [x](../../examples/x.env), [y](https://a.example/)', 200);
    expect(text).toBe(
      'Jobs (`mangamotion help jobs`), x (examples/x.env), y (https://a.example/)\n',
    );
  });

  it('wraps at words, and counts wide characters twice', () => {
    expect(render('aaaa bbbb cccc', 9)).toBe('aaaa bbbb\ncccc\n');
    expect(render('少年少年 少年', 9)).toBe('少年少年\n少年\n');
  });

  it('keeps a command in a sentence on one line', () => {
    expect(render('Run it: `backup full x` now.', 18)).toBe('Run it:\n`backup full x`\nnow.\n');
  });

  it('never wraps a block of code, which is there to be copied', () => {
    const line = `mangamotion backup full ${'x'.repeat(60)}`;
    expect(render(`\`\`\`sh\n${line}\n\n${line}\n\`\`\``)).toBe(`    ${line}\n\n    ${line}\n`);
  });

  it('indents the lines of a list item below its mark', () => {
    expect(render('- one two\n- three\n\n1. four five\n2. six\n', 8)).toBe(
      '- one\n  two\n- three\n\n1. four\n   five\n2. six\n',
    );
  });

  it('fits a table into the width, and sets rows that were wrapped apart', () => {
    const table = '| a | b |\n| --- | ---: |\n| one | 1 |\n| two | 22 |\n';
    expect(render(table)).toBe('a     b\n───  ──\none   1\ntwo  22\n');
    expect(render('| a | b |\n| - | - |\n| one | two three four |\n| x | y |\n', 14)).toBe(
      'a    b\n───  ─────────\none  two three\n     four\n\nx    y\n',
    );
  });

  it('sets cells below one another where the columns do not fit', () => {
    expect(render('| a | b |\n| - | - |\n| first one | second |\n| x | |\n', 10)).toBe(
      'first one\n  b:\n  second\n\nx\n',
    );
  });

  it('breaks a word that is wider than a line', () => {
    expect(render('abcdefgh ij', 5)).toBe('abcde\nfgh\nij\n');
    expect(render('`abc defgh`', 6)).toBe('`abc\ndefgh`\n');
  });

  it('leaves out comments, and shows what a terminal would act on', () => {
    expect(render('<!-- bench: x -->\n\na\u001b[31mb\n')).toBe('a\\u001b[31mb\n');
  });
});

describe('a page on a terminal with colours', () => {
  it('has tones in place of backticks and lines', () => {
    expect(renderMarkdown('# Top\n\nA `code` and **bold text**.\n', colored)).toBe(
      '<strong>TOP</>\n\nA <active>code</> and <strong>bold</><strong> </><strong>text</>.\n',
    );
  });
});

describe.each(TOPIC_NAMES)('the page %s', (topic) => {
  it.each([40, 60, 80, 100])('is no wider than %i columns, but for code', (width) => {
    const code = new Set(
      [...readPage(topic).matchAll(/```\w*\n([^]*?)```|(?:^ {4}.*\n)+/gm)].flatMap(([block]) =>
        block.split('\n').map((line) => line.trim()),
      ),
    );
    const wide = render(readPage(topic), width)
      .split('\n')
      .filter((line) => stringWidth(line) > width && !code.has(line.trim()));
    expect(wide).toEqual([]);
  });
});
