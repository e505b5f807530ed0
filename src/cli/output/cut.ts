import stringWidth from 'string-width';

/** The beginning that fits into so many columns, with `…` where something is left out. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  for (const character of text) {
    if (stringWidth(cut + character) > width - 1) break;
    cut += character;
  }
  return width < 1 ? '' : `${cut}…`;
}
