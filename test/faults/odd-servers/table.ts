import type { NamedQuirk } from './load.js';

const TITLES = {
  listings: 'Listings',
  objects: 'Objects',
  buckets: 'Buckets and their documents',
  targets: 'As a target of a restore',
} as const;

/** The quirks as tables of Markdown, one for each group. Pure. */
export function tablesOf(quirks: readonly NamedQuirk[]): string {
  const groups = Object.entries(TITLES).map(([group, title]) => {
    const rows = quirks
      .filter((quirk) => quirk.group === group)
      .map(({ what, tool, seenOn }) => row([what, tool, seenOn]));
    const head = [row(['The server …', 'The program …', 'Seen on']), row(['---', '---', '---'])];
    return [`## ${title}`, '', ...head, ...rows, ''].join('\n');
  });
  return groups.join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(inCell).join(' | ')} |`;
}

function inCell(text: string): string {
  return text.replace(/[\\|*_<]/g, '\\$&');
}
