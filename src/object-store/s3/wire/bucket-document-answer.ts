import type { BucketDocumentForm } from '../../bucket-documents.js';
import type { BucketDocument } from '../../port.js';
import { child, parseXml, rootNameOf, type XmlTree } from './xml.js';

/** Interprets answers to requests for bucket documents. Pure. */

/**
 * Interprets the content of a success answer. A server that does not support the sub-resource
 * returns a listing of the bucket. Returns `null` if the content is not an S3 answer at all.
 */
export function documentIn(form: BucketDocumentForm, content: Buffer): BucketDocument | null {
  const text = content.toString().replace(/^\ufeff/, '');
  if (text.trim() === '') return unsupported(form, 'nothing');
  if (form.root === null && isJsonObject(text)) return { state: 'captured', content };
  const root = rootNameOf(text);
  if (root === null || root.toLowerCase() === 'html') return null;
  if (root !== form.root) return unsupported(form, `<${root}>`);
  const tree = parseXml(text, root);
  if (tree === null) return null;
  return isEmptyDocument(tree, form.entries) ? { state: 'none' } : { state: 'captured', content };
}

/** Interprets an error answer. Returns `null` if it is a failure like that of any other request. */
export function documentRefused(
  form: BucketDocumentForm,
  s3Code: string,
  statusCode: number,
): BucketDocument | null {
  if (form.absentCodes.includes(s3Code)) return { state: 'none' };
  const isUnknown =
    ['NotImplemented', 'MethodNotAllowed'].includes(s3Code) || [405, 501].includes(statusCode);
  return isUnknown ? { state: 'unsupported', reason: `the server answers ${s3Code}` } : null;
}

function unsupported(form: BucketDocumentForm, answer: string): BucketDocument {
  const expected = form.root === null ? 'a JSON object' : `<${form.root}>`;
  const reason = `the server answers with ${answer} instead of ${expected}`;
  return { state: 'unsupported', reason };
}

/** Whether a document is empty: it has no entries, or its root element has no content. */
function isEmptyDocument(tree: XmlTree, entries: readonly string[] = []): boolean {
  let found: XmlTree | undefined = tree;
  for (const name of entries) found = child(found, name);
  if (entries.length > 0) return found === undefined;
  return typeof tree === 'string' && tree.trim() === '';
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
