import type { BucketDocumentKind } from '../../object-store/bucket-documents.js';
import { escapeXml, S3_NAMESPACE } from '../../object-store/s3/wire/xml.js';
import { isRecord, lifecycleXml } from './translate-lifecycle.js';

/**
 * What `mc` printed of a bucket, as the documents that S3 takes. Some versions of the scripts asked
 * for JSON (`--json`), some for text, and where a bucket had no such document they kept whatever was
 * said. Pure.
 */

export type Translated =
  | { state: 'translated'; content: Buffer }
  /** The bucket had none. */
  | { state: 'none' }
  /** Nobody can say what the bucket had. */
  | { state: 'unusable'; reason: string };

type LegacyDocumentKind = Extract<
  BucketDocumentKind,
  'policy' | 'lifecycle' | 'versioning' | 'tagging'
>;

/** The scripts named each file `<bucket>` and this suffix. */
export const LEGACY_DOCUMENTS: readonly { suffix: string; kind: LegacyDocumentKind }[] = [
  { suffix: '_policy.json', kind: 'policy' },
  { suffix: '_lifecycle.json', kind: 'lifecycle' },
  { suffix: '_versioning.json', kind: 'versioning' },
  { suffix: '_tags.txt', kind: 'tagging' },
];

export function translateDocument(kind: LegacyDocumentKind, text: string): Translated {
  // Notepads and PowerShell put a mark before the first character.
  const content = text.replace(/^\uFEFF/, '').trim();
  if (content === '') return unusable('the file is empty');
  const json = parseJson(content);
  if (isRecord(json) && json.status === 'error')
    return unusable(`it is an error: ${shown(content)}`);
  switch (kind) {
    case 'policy':
      return policy(content, json);
    case 'lifecycle':
      return lifecycle(content, json);
    case 'versioning':
      return versioning(content, json);
    case 'tagging':
      return tagging(content, json);
  }
}

/** `mc anonymous get-json` prints the policy itself; with `--json` it is a field of the answer. */
function policy(content: string, json: unknown): Translated {
  if (!isRecord(json)) {
    return / is `?(?:private|none)`?\.?$/.test(content) ? NONE : unusable(noDocument(content));
  }
  const statements = json.Statement;
  if (Array.isArray(statements) || isRecord(statements)) {
    return isEmpty(statements) ? NONE : translated(content);
  }
  if (isRecord(json.policy) && json.policy.Statement !== undefined) {
    return policy(JSON.stringify(json.policy), json.policy);
  }
  const isNone = isEmpty(json) || json.permission === 'private' || json.permission === 'none';
  return isNone ? NONE : unusable(noDocument(content));
}

/** `mc ilm export` prints `{"Rules": [...]}`; with `--json` it is the field `config`. */
function lifecycle(content: string, json: unknown): Translated {
  if (!isRecord(json)) return unusable(noDocument(content));
  const config = isRecord(json.config) ? json.config : json;
  if (isEmpty(config)) return NONE;
  const rules = config.Rules;
  if (!Array.isArray(rules)) return unusable(noDocument(content));
  if (rules.length === 0) return NONE;
  const xml = lifecycleXml(rules);
  return 'xml' in xml ? translated(xml.xml) : unusable(xml.reason);
}

/** `mc version info` prints `alias/bucket versioning is enabled`, or `… is un-versioned`. */
function versioning(content: string, json: unknown): Translated {
  const status = versioningStatus(content, json);
  if (status === undefined) return unusable(noDocument(content));
  if (status === '') return NONE;
  const known = ['Enabled', 'Suspended'].find(
    (name) => name.toLowerCase() === status.toLowerCase(),
  );
  if (known === undefined) return unusable(noDocument(content));
  return translated(
    `<VersioningConfiguration ${S3_NAMESPACE}><Status>${known}</Status></VersioningConfiguration>`,
  );
}

/** Returns an empty text where the bucket never kept versions. */
function versioningStatus(content: string, json: unknown): string | undefined {
  if (!isRecord(json)) {
    if (/ is un-?versioned\.?$/i.test(content)) return '';
    return /versioning is (enabled|suspended)\.?$/i.exec(content)?.[1];
  }
  const config = isRecord(json.versioning) ? json.versioning : json;
  // Folders that are left out of it (an extension of MinIO) would be kept in versions after all.
  if (!isEmpty(config.ExcludedPrefixes ?? []) || config.ExcludeFolders === true) return undefined;
  const status = config.status ?? config.Status;
  if (status === undefined && isEmpty(config)) return '';
  return typeof status === 'string' ? status : undefined;
}

function tagging(content: string, json: unknown): Translated {
  const tags = readTags(content, json);
  if (tags === undefined) return unusable(noDocument(content));
  if (tags.length === 0) return NONE;
  const set = tags
    .map(
      ({ key, value }) =>
        `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
    )
    .join('');
  return translated(`<Tagging ${S3_NAMESPACE}><TagSet>${set}</TagSet></Tagging>`);
}

const NONE: Translated = { state: 'none' };

function translated(text: string): Translated {
  return { state: 'translated', content: Buffer.from(text) };
}

function unusable(reason: string): Translated {
  return { state: 'unusable', reason };
}

function noDocument(content: string): string {
  return `it cannot be restored: ${shown(content)}`;
}

/** Returns the beginning of the content, for a message. */
function shown(content: string): string {
  return JSON.stringify(content.length > 100 ? `${content.slice(0, 99)}…` : content);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

interface Tag {
  key: string;
  value: string;
}

/**
 * The tags in what `mc tag list` printed, in text or JSON; none where it says so, and `undefined`
 * where it is something else. Pure.
 */
function readTags(content: string, json: unknown): Tag[] | undefined {
  return isRecord(json) ? tagsOfJson(json) : tagsOfText(content);
}

/** `{"tagset": {"team": "render"}, "status": "success", …}`; the tag set is left out where empty. */
function tagsOfJson(json: Record<string, unknown>): Tag[] | undefined {
  const set = json.tagset ?? {};
  if (!isRecord(set)) return undefined;
  if (json.tagset === undefined && json.status !== 'success' && Object.keys(json).length > 0) {
    return undefined;
  }
  const tags: Tag[] = [];
  for (const [key, value] of Object.entries(set)) {
    if (typeof value !== 'string') return undefined;
    tags.push({ key, value });
  }
  return tags;
}

const COLON = 0x3a;

/**
 * A line `Name : alias/bucket`, then a line a tag, all with their colon in the same column: so a
 * colon in a key or value is not mistaken for the one between them. Columns are counted in bytes, as
 * `mc` counts them.
 */
function tagsOfText(content: string): Tag[] | undefined {
  const [head, ...lines] = content.split(/\r?\n/).map((line) => Buffer.from(line));
  if (head === undefined || !/^Name *: /.test(head.toString())) return undefined;
  const column = head.indexOf(COLON);
  const tags: Tag[] = [];
  for (const line of lines) {
    const text = line.toString();
    if (text.trim() === '' || text.trim() === 'No tags found') continue;
    if (line[column] !== COLON) return undefined;
    // Blanks at the end of the last value went when the file was trimmed, and with them ours.
    const key = line.subarray(0, column).toString().trimEnd();
    if (key === '') return undefined;
    tags.push({ key, value: line.subarray(column + 2).toString() });
  }
  return tags;
}

/** Returns `undefined` where the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
