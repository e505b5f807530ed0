import type { BucketDocumentKind } from '../../object-store/bucket-documents.js';
import { escapeXml, S3_NAMESPACE } from '../../object-store/s3/wire/xml.js';
import { isRecord, lifecycleXml } from './translate-lifecycle.js';

/**
 * Translates the output of `mc` for a bucket into the documents that S3 accepts. Some scripts
 * requested JSON (`--json`), others text, and all kept whatever was printed, even errors. Pure.
 */

export type Translated =
  | { state: 'translated'; content: Buffer }
  | { state: 'none' }
  /** The output does not show what the bucket had. */
  | { state: 'unusable'; reason: string };

type LegacyDocumentKind = Extract<
  BucketDocumentKind,
  'policy' | 'lifecycle' | 'versioning' | 'tagging'
>;

/** The suffixes that follow the bucket's name in the scripts' file names. */
export const LEGACY_DOCUMENTS: readonly { suffix: string; kind: LegacyDocumentKind }[] = [
  { suffix: '_policy.json', kind: 'policy' },
  { suffix: '_lifecycle.json', kind: 'lifecycle' },
  { suffix: '_versioning.json', kind: 'versioning' },
  { suffix: '_tags.txt', kind: 'tagging' },
];

export function translateDocument(kind: LegacyDocumentKind, text: string): Translated {
  // Windows editors and PowerShell write a byte order mark.
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

/** `mc anonymous get-json` prints the policy; with `--json` it is the field `policy`. */
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

/** `mc ilm export` prints `{"Rules": [...]}`; with `--json` that is the field `config`. */
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

/** `mc version info` prints `alias/bucket versioning is enabled` or `… is un-versioned`. */
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

/** Returns an empty string if the bucket never had versioning. */
function versioningStatus(content: string, json: unknown): string | undefined {
  if (!isRecord(json)) {
    if (/ is un-?versioned\.?$/i.test(content)) return '';
    return /versioning is (enabled|suspended)\.?$/i.exec(content)?.[1];
  }
  const config = isRecord(json.versioning) ? json.versioning : json;
  // S3 cannot express exclusions (an extension of MinIO): those folders would be versioned.
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
 * Parses the output of `mc tag list`, in text or JSON. Returns `undefined` if it is something else.
 */
function readTags(content: string, json: unknown): Tag[] | undefined {
  return isRecord(json) ? tagsOfJson(json) : tagsOfText(content);
}

/** Parses `{"tagset": {"team": "render"}, "status": "success", …}`; an empty tag set is absent. */
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
 * Parses a line `Name : alias/bucket`, followed by one line per tag. All have their separator in
 * the same column (in bytes), so a colon in a key or value is not mistaken for it.
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
    // The file was trimmed, so an empty last value lacks the space after the colon.
    const key = line.subarray(0, column).toString().trimEnd();
    if (key === '') return undefined;
    tags.push({ key, value: line.subarray(column + 2).toString() });
  }
  return tags;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
