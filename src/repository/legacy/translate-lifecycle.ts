import { escapeXml, S3_NAMESPACE } from '../../object-store/s3/wire/xml.js';

/**
 * Translates the lifecycle rules that `mc ilm export` prints as JSON into S3's XML. The names are
 * the same except for lists, which are plural in JSON. An unknown field is never dropped: a rule
 * without one of its conditions would delete too much. Pure.
 */

interface Element {
  /** The name in the JSON; `xml` is the name in the XML if it differs. */
  name: string;
  xml?: string;
  children?: readonly Element[];
}

const TAG = [{ name: 'Key' }, { name: 'Value' }] as const;
const SIZES = [{ name: 'ObjectSizeGreaterThan' }, { name: 'ObjectSizeLessThan' }] as const;
const NONCURRENT = [{ name: 'NoncurrentDays' }, { name: 'NewerNoncurrentVersions' }] as const;
const STORAGE_CLASS = { name: 'StorageClass' } as const;

const RULE: readonly Element[] = [
  { name: 'ID' },
  { name: 'Status' },
  {
    name: 'Filter',
    children: [
      {
        name: 'And',
        children: [{ name: 'Prefix' }, { name: 'Tags', xml: 'Tag', children: TAG }, ...SIZES],
      },
      { name: 'Prefix' },
      { name: 'Tag', children: TAG },
      ...SIZES,
    ],
  },
  { name: 'Prefix' },
  {
    name: 'Expiration',
    children: [
      { name: 'Date' },
      { name: 'Days' },
      { name: 'ExpiredObjectDeleteMarker' },
      { name: 'ExpiredObjectAllVersions' },
    ],
  },
  { name: 'NoncurrentVersionExpiration', children: NONCURRENT },
  { name: 'NoncurrentVersionTransition', children: [...NONCURRENT, STORAGE_CLASS] },
  { name: 'Transition', children: [{ name: 'Date' }, { name: 'Days' }, STORAGE_CLASS] },
  { name: 'AbortIncompleteMultipartUpload', children: [{ name: 'DaysAfterInitiation' }] },
];

const EVERYTHING = '<Filter><Prefix></Prefix></Filter>';

/** Returns the whole document, or why it cannot be translated. */
export function lifecycleXml(rules: readonly unknown[]): { xml: string } | { reason: string } {
  const parts: string[] = [];
  for (const rule of rules) {
    if (!isRecord(rule)) return { reason: 'a rule is not an object' };
    const unknown = findUnknown(rule, RULE, '');
    if (unknown !== undefined)
      return { reason: `a rule has ${unknown}, which this program does not know` };
    // S3 requires a filter or a prefix. An empty prefix is written as a filter for all objects.
    const { Prefix: prefix, ...rest } = rule;
    const isFiltered = hasContent(rule.Filter);
    const written = prefix === '' ? rest : rule;
    const all = isFiltered || hasContent(written.Prefix) ? '' : EVERYTHING;
    parts.push(`<Rule>${write(written, RULE)}${all}</Rule>`);
  }
  const xml = `<LifecycleConfiguration ${S3_NAMESPACE}>${parts.join('')}</LifecycleConfiguration>`;
  return { xml };
}

function write(value: Record<string, unknown>, elements: readonly Element[]): string {
  return elements
    .flatMap((element) => {
      const found = value[element.name];
      const items = Array.isArray(found) ? found : [found];
      return items.filter(hasContent).map((item) => writeOne(item, element));
    })
    .join('');
}

function writeOne(item: unknown, { name, xml = name, children }: Element): string {
  const content =
    children !== undefined && isRecord(item) ? write(item, children) : escapeXml(String(item));
  return `<${xml}>${content}</${xml}>`;
}

/** Whether a value is present. Go writes absent fields as empty objects. */
function hasContent(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (!isRecord(value)) return !Array.isArray(value) || value.length > 0;
  return Object.values(value).some(hasContent);
}

/** Returns the path of a field that is unknown or has an unexpected form. */
function findUnknown(
  value: Record<string, unknown>,
  elements: readonly Element[],
  path: string,
): string | undefined {
  for (const [name, content] of Object.entries(value)) {
    if (!hasContent(content)) continue;
    const element = elements.find((known) => known.name === name);
    if (element === undefined) return path + name;
    for (const item of Array.isArray(content) && element.xml !== undefined ? content : [content]) {
      const unknown = unknownIn(item, element, path + name);
      if (unknown !== undefined) return unknown;
    }
  }
  return undefined;
}

function unknownIn(item: unknown, { children }: Element, path: string): string | undefined {
  if (children === undefined) return typeof item === 'object' ? path : undefined;
  return isRecord(item) ? findUnknown(item, children, `${path}.`) : path;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
