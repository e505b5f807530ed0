import { XMLParser } from 'fast-xml-parser';

/**
 * S3's answers as plain trees: every leaf is the text as it was sent, nothing becomes a number, and
 * nothing is trimmed. Pure.
 */
export type XmlTree = string | XmlTree[] | { [name: string]: XmlTree };

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  // Decoded below: the parser knows no numeric references, and stops at a thousand of the others.
  processEntities: false,
  removeNSPrefix: true,
  // What is nested deeper is no answer of S3, and rejected before a recursion runs out of stack.
  maxNestedTags: 32,
});

export const S3_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** The named root element, or `null` where the text is not XML with that root. */
export function parseXml(text: string, rootName: string): XmlTree | null {
  // The parser accepts nearly anything as XML; the root shows that it is HTML or JSON.
  if (!text.trimStart().startsWith('<') || !isWhole(text, rootName)) return null;
  try {
    const document = parser.parse(text) as XmlTree;
    return child(document, rootName) ?? null;
  } catch {
    return null;
  }
}

/** The parser also takes a text that ends in the middle, which is then a document of half the truth. */
function isWhole(text: string, rootName: string): boolean {
  const end = /<(\/?)(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[^<>]*?(\/?)>\s*$/.exec(
    text.trimEnd().slice(-1024),
  );
  return end?.[2] === rootName && (end[1] === '/') !== (end[3] === '/');
}

/** The name of the root element, without a prefix; `null` where the text does not begin as XML. */
export function rootNameOf(text: string): string | null {
  let start = text.trimStart();
  for (;;) {
    const end = start.startsWith('<?') ? '?>' : start.startsWith('<!--') ? '-->' : undefined;
    if (end === undefined) break;
    const at = start.indexOf(end, 2);
    if (at < 0) return null;
    start = start.slice(at + end.length).trimStart();
  }
  return /^<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]/.exec(start.slice(0, 1024))?.[1] ?? null;
}

/** Text as the content of an element. Blanks become references, which no reader folds or trims. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"\t\n\r]|^ +| +$/g, (found) =>
    Array.from(found, (character) => `&#${character.charCodeAt(0)};`).join(''),
  );
}

/** False where the text has characters that XML 1.0 has no way to write. */
export function isXmlText(text: string): boolean {
  return /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u.test(text);
}

export function child(tree: XmlTree | undefined, name: string): XmlTree | undefined {
  if (tree === undefined || typeof tree === 'string' || Array.isArray(tree)) return undefined;
  return Object.hasOwn(tree, name) ? tree[name] : undefined;
}

/** The children of that name; one of them, or none, is a list too. */
export function children(tree: XmlTree | undefined, name: string): XmlTree[] {
  const found = child(tree, name);
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

/** The text of a leaf; `undefined` where there is no such leaf. */
export function textOf(tree: XmlTree | undefined, name: string): string | undefined {
  const found = child(tree, name);
  return typeof found === 'string' ? decodeEntities(found) : undefined;
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (typeof name === 'string') return NAMED[name] ?? whole;
    const code =
      typeof hex === 'string' ? Number.parseInt(hex, 16) : Number.parseInt(String(decimal), 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
