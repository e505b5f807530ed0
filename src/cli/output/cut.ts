import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What takes one column a character: of most texts the width is known without looking at Unicode. */
const PLAIN = /^[ -~]*$/;

/** Columns of the terminal. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** The beginning that fits into so many columns, with `…` where something is left out. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width < 1 ? '' : `${beginning(text, width - 1)}…`;
}

/** The beginning and the end that fit into so many columns, with `…` for what is left out between. */
export function cutInTheMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return '';
  const room = width - 1;
  const head = beginning(text, Math.ceil(room / 2));
  return `${head}…${end(text, room - widthOf(head))}`;
}

function beginning(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, width);
  let cut = '';
  let left = width;
  for (const { segment } of graphemes.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    cut += segment;
  }
  return cut;
}

function end(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(text.length - width);
  let from = text.length;
  let left = width;
  for (const { segment, index } of [...graphemes.segment(text)].reverse()) {
    left -= stringWidth(segment);
    if (left < 0) break;
    from = index;
  }
  return text.slice(from);
}

/**
 * Lines broken between words, so that none is wider, where the words allow it: a long path stays whole,
 * to be copied. What goes on is indented like the beginning.
 */
export function wrapped(text: string, width: number): string[] {
  return text
    .split('\n')
    .flatMap((line) => (widthOf(line) <= width ? [line] : broken(line, width)));
}

function broken(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  for (const word of line.trim().split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? undefined : `${last} ${word}`;
    if (longer === undefined || widthOf(longer) > width) lines.push(indent + word);
    else lines.splice(-1, 1, longer);
  }
  return lines;
}
