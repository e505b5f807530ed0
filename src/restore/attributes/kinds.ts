import { isDeepStrictEqual } from 'node:util';
import type { ObjectHead, ObjectLock, Tag } from '../../object-store/port.js';
import { child, parseXml } from '../../object-store/s3/wire/xml.js';
import type { SentAttributes } from './attributes.js';
import { partSizeFor } from '../part-size.js';

/** Kinds of object attributes, each of which a server may lose separately. Pure. */

export interface Sent {
  attributes: SentAttributes;
  acl?: string | undefined;
}

export interface ReadBack {
  head: ObjectHead;
  tags: Tag[];
  lock: ObjectLock;
  acl: string | undefined;
}

/** The kinds that HEAD does not return, and the request that does. */
export const NEEDS: Record<string, 'tags' | 'lock' | 'acl'> = {
  tags: 'tags',
  retention: 'lock',
  'legal hold': 'lock',
  acl: 'acl',
};

const HEADER = 'header ';
const NOT_ASCII = 'metadata beyond ASCII';

/** Returns an object's kinds. Each header is a kind, and so is non-ASCII metadata. */
export function kindsOf({ attributes, acl }: Sent): string[] {
  const { headers = {}, metadata = {}, tags = [], retention, legalHold } = attributes;
  const { encryption, storageClass, checksums = {} } = attributes;
  const texts = Object.entries(metadata);
  return [
    ...Object.keys(headers).map((name) => HEADER + name),
    ...(texts.some(isAscii) ? ['metadata'] : []),
    ...(texts.every(isAscii) ? [] : [NOT_ASCII]),
    ...(tags.length === 0 ? [] : ['tags']),
    ...((retention ?? null) === null ? [] : ['retention']),
    ...(legalHold === true ? ['legal hold'] : []),
    ...((encryption ?? null) === null ? [] : ['encryption']),
    ...((storageClass ?? null) === null ? [] : ['storage class']),
    ...(Object.keys(checksums).length === 0 ? [] : ['checksum']),
    ...(acl === undefined ? [] : ['acl']),
  ];
}

/**
 * Returns a suffix for kinds of objects that servers store differently, and of which they may lose
 * other attributes. Empty for most objects.
 */
export function formOf(object: { key: string; size: number; etag: string }): string {
  if (partSizeFor(object) !== undefined) return ' (uploaded in parts)';
  return object.key.endsWith('/') ? ' (keys that end in /)' : '';
}

/** Returns how the target changed a kind of attribute; `undefined` if it did not. */
export function changeOf(kind: string, sent: Sent, got: ReadBack): string | undefined {
  const { attributes } = sent;
  if (kind.startsWith(HEADER)) {
    const name = kind.slice(HEADER.length) as keyof ObjectHead['headers'];
    return changed(trimmed(attributes.headers?.[name]), trimmed(got.head.headers[name]));
  }
  switch (kind) {
    case 'metadata':
    case NOT_ASCII: {
      const wanted = Object.entries(attributes.metadata ?? {}).filter(
        (entry) => isAscii(entry) === (kind === 'metadata'),
      );
      const wrong = wanted.find(
        ([name, text]) => trimmed(got.head.metadata[name]) !== trimmed(text),
      );
      if (wrong === undefined) return undefined;
      const became = changed(trimmed(wrong[1]), trimmed(got.head.metadata[wrong[0]]));
      return `${wrong[0]}: ${became ?? ''}`;
    }
    case 'tags':
      return tagsChange(sent, got.tags);
    case 'retention':
      return changed(retentionOf(attributes), retentionOf(got.lock));
    case 'legal hold':
      return got.lock.legalHold ? undefined : LOST;
    case 'encryption':
      return encryptionChange(attributes, got.head);
    case 'storage class':
      return changed(attributes.storageClass ?? null, got.head.storageClass);
    case 'checksum': {
      const [name = '', value] = Object.entries(attributes.checksums ?? {})[0] ?? [];
      return changed(value, got.head.checksums[name]);
    }
    case 'acl':
      return aclChange(sent, got.acl);
  }
  return undefined;
}

export function tagsChange({ attributes }: Sent, tags: readonly Tag[]): string | undefined {
  return changed(inOrder(attributes.tags ?? []), inOrder(tags));
}

export function aclChange({ acl }: Sent, got: string | undefined): string | undefined {
  return changed(grantsOf(acl), grantsOf(got));
}

const LOST = 'the target accepted it but did not store it';
const MAX_SHOWN = 60;

function changed(wanted: unknown, got: unknown): string | undefined {
  if (isDeepStrictEqual(wanted, got)) return undefined;
  if (got === undefined || got === null || isDeepStrictEqual(got, [])) return LOST;
  return `the target has ${shown(got)} instead of ${shown(wanted)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function encryptionChange({ encryption }: SentAttributes, head: ObjectHead): string | undefined {
  const wanted = encryption ?? null;
  const got = head.encryption;
  if (wanted === null || got?.algorithm !== wanted.algorithm) {
    return changed(wanted?.algorithm, got?.algorithm);
  }
  // A key may be named by its id, or by a name that ends in it.
  const sameKey = [got.keyId, wanted.keyId].some(
    (id, _, ids) => id === null || ids.every((other) => other?.endsWith(lastPart(id)) === true),
  );
  return sameKey ? undefined : changed(wanted.keyId, got.keyId);
}

function lastPart(id: string): string {
  return id.split(/[/:]/).at(-1) ?? id;
}

function retentionOf({ retention }: Partial<ObjectLock>) {
  if (retention === undefined || retention === null) return null;
  // Some servers round to seconds.
  return { mode: retention.mode, until: Math.floor(Date.parse(retention.until) / 1000) };
}

function inOrder(tags: readonly Tag[]): [string, string][] {
  return tags
    .map(({ key, value }): [string, string] => [key, value])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Returns the grants without the owner, who differs between servers. */
function grantsOf(acl: string | undefined): unknown {
  if (acl === undefined) return undefined;
  return child(parseXml(acl, 'AccessControlPolicy') ?? undefined, 'AccessControlList');
}

/** HTTP strips white space around a header value. */
function trimmed(text: string | undefined): string | undefined {
  return text?.replace(/^[ \t]+|[ \t]+$/g, '');
}

function isAscii([name, text]: [string, string]): boolean {
  return /^[ -~]*$/.test(name + text);
}
