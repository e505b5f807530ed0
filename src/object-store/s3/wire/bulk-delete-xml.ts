import { child, children, escapeXml, parseXml, S3_NAMESPACE, textOf } from './xml.js';

/** The documents of DeleteObjects. Pure. */

/** Of keys that XML can carry (`isXmlText`). The answer names every key: silence proves nothing. */
export function deletionDocument(keys: string[]): string {
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`);
  return `<Delete ${S3_NAMESPACE}>${objects.join('')}</Delete>`;
}

export interface DeletionAnswer {
  deleted: Set<string>;
  /** By key. */
  refused: Map<string, { code: string; message: string }>;
}

/** `null` where the text is no DeleteResult. */
export function parseDeletionAnswer(xml: string): DeletionAnswer | null {
  const root = parseXml(xml, 'DeleteResult');
  if (root === null) return null;
  const deleted = new Set<string>();
  const refused: DeletionAnswer['refused'] = new Map();
  for (const entry of children(root, 'Deleted')) deleted.add(textOf(entry, 'Key') ?? '');
  for (const entry of children(root, 'Error')) {
    if (child(entry, 'Key') === undefined) continue;
    const [code, message] = [textOf(entry, 'Code') ?? '', textOf(entry, 'Message') ?? ''];
    refused.set(textOf(entry, 'Key') ?? '', { code, message });
  }
  return { deleted, refused };
}
