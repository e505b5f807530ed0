import { createHash } from 'node:crypto';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentEntry } from '../../archive/directory.js';
import { bucketDocumentPath } from '../../archive/paths.js';
import { BUCKET_DOCUMENTS } from '../../object-store/bucket-documents.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { Shortfall } from './legacy-backup.js';
import { isBucketName } from './legacy-objects.js';
import { LEGACY_DOCUMENTS, translateDocument } from './translate.js';

/** The files in `metadata`, translated into documents that can be restored. */
export interface LegacyDocuments {
  /** The buckets for which the scripts requested a document, whether or not it exists. */
  buckets: Set<string>;
  entries: DocumentEntry[];
  contents: Map<string, Buffer>;
  shortfalls: Shortfall[];
  problems: string[];
}

/** Larger than any document in S3. */
const LARGEST_DOCUMENT_BYTES = 1024 * 1024;

/** Reads all documents. A file that the scripts did not write is skipped and reported. */
export async function readLegacyDocuments(id: string, root: string): Promise<LegacyDocuments> {
  const found: LegacyDocuments = {
    buckets: new Set(),
    entries: [],
    contents: new Map(),
    shortfalls: [],
    problems: [],
  };
  const folder = join(root, 'metadata');
  for (const name of await namesIn(folder)) {
    const known = LEGACY_DOCUMENTS.find(({ suffix }) => name.endsWith(suffix));
    const bucket = name.slice(0, -(known?.suffix.length ?? 0));
    if (known === undefined || !isBucketName(bucket)) {
      found.problems.push(`metadata/${JSON.stringify(name)} is unknown and is left out`);
      continue;
    }
    const { kind } = known;
    found.buckets.add(bucket);
    const text = await readText(join(folder, name));
    const document: ReturnType<typeof translateDocument> =
      typeof text === 'string' ? translateDocument(kind, text) : text;
    if (document.state === 'unusable') {
      found.shortfalls.push({ bucket, key: '', document: kind, reason: document.reason });
    } else if (document.state === 'translated') {
      const form = BUCKET_DOCUMENTS.find((candidate) => candidate.kind === kind);
      const path = `${id}/${bucketDocumentPath(bucket, form?.fileName ?? kind)}`;
      found.entries.push(entryOf(path, document.content));
      found.contents.set(path, document.content);
    }
  }
  return found;
}

function entryOf(path: string, content: Buffer): DocumentEntry {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, offset: 0, length: content.length, inner: 0, size: content.length, sha256 };
}

async function readText(path: string): Promise<string | { state: 'unusable'; reason: string }> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) return { state: 'unusable', reason: 'it is not a file' };
    if (found.size > LARGEST_DOCUMENT_BYTES)
      return { state: 'unusable', reason: 'it is too large' };
    return await readFile(path, 'utf8');
  } catch (error) {
    throw translateFileError(error, 'read', path);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw translateFileError(error, 'list', folder);
  }
}
