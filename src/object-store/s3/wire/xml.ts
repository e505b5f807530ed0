import { XMLParser } from 'fast-xml-parser';

/** Parses S3's answers into plain trees, whose leaves keep their text unchanged. Pure. */
export type XmlTree = string | XmlTree[] | { [name: string]: XmlTree };

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  // Entities are decoded below: the parser ignores numeric ones and stops after a thousand.
  processEntities: false,
  removeNSPrefix: true,
  // Limits the recursion; S3's answers are never nested this deeply.
  maxNestedTags: 32,
});

export const S3_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** Returns the named root element; `null` if the text is not XML with that root. */
export function parseXml(text: string, rootName: string): XmlTree | null {
  // The parser accepts nearly anything as XML, including HTML and JSON; the root tells them apart.
  if (!text.trimStart().startsWith('<') || !isWhole(text, rootName)) return null;
  try {
    const document = parser.parse(text) as XmlTree;
    return child(document, rootName) ?? null;
  } catch {
    return null;
  }
}

/** Whether the text ends with the root's end tag. The parser also accepts a truncated text. */
function isWhole(text: string, rootName: string): boolean {
  const end = /<(\/?)(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[^<>]*?(\/?)>\s*$/.exec(
    text.trimEnd().slice(-1024),
  );
  return end?.[2] === rootName && (end[1] === '/') !== (end[3] === '/');
}

/** Returns the name of the root element without its prefix; `null` if the text is not XML. */
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

/** Escapes text for an element. White space becomes references, which no parser trims. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"\t\n\r]|^ +| +$/g, (found) =>
    Array.from(found, (character) => `&#${character.charCodeAt(0)};`).join(''),
  );
}

/** Whether XML 1.0 can represent all characters of the text. */
export function isXmlText(text: string): boolean {
  return /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u.test(text);
}

export function child(tree: XmlTree | undefined, name: string): XmlTree | undefined {
  if (tree === undefined || typeof tree === 'string' || Array.isArray(tree)) return undefined;
  return Object.hasOwn(tree, name) ? tree[name] : undefined;
}

export function children(tree: XmlTree | undefined, name: string): XmlTree[] {
  const found = child(tree, name);
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

/** Returns the text of a leaf; `undefined` if there is no such leaf. */
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
