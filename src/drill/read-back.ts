import { createHash } from 'node:crypto';
import type { IndexLine } from '../archive/index-line.js';
import { isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import { prefetchInOrder } from '../prefetch.js';
import type { WorkProgress } from '../progress.js';
import { attributesOf } from '../restore/attributes/attributes.js';
import { type ReadBack, type Sent, NEEDS, changeOf, kindsOf } from '../restore/attributes/kinds.js';
import type { SelectedBucket } from '../restore/selection.js';
import type { Differences } from './differences.js';
import type { Work } from './extrapolate.js';
import { READ_BACK_AT_ONCE } from './limits.js';

export interface ReadBackContext {
  store: ObjectStore;
  now: () => Date;
  signal: AbortSignal;
  progress: WorkProgress;
}

/**
 * Reads every object of a restored bucket again, and compares its bytes with the SHA-256 of the
 * backup and its attributes with those that were restored. Resolves to what is there and the same.
 */
export async function readBackBucket(
  context: ReadBackContext,
  { name: bucket, target }: SelectedBucket,
  lines: AsyncIterable<readonly IndexLine[]>,
  differences: Differences,
  done: Work,
): Promise<void> {
  const read = prefetchInOrder(
    lines,
    { maxRequests: READ_BACK_AT_ONCE, maxBytes: Infinity },
    () => 1,
    (line) => compareObject(context, target, line),
  );
  for await (const { item: line, result: changes } of read) {
    for (const { field, reason } of changes) {
      differences.add({ bucket, field, reason }, [line.key]);
    }
    done.objects += 1;
    done.bytes += line.size;
    context.progress.update({ objects: done.objects, bytes: done.bytes });
  }
}

interface Change {
  field: string;
  reason: string;
}

async function compareObject(
  { store, now, signal }: ReadBackContext,
  bucket: string,
  line: IndexLine,
): Promise<Change[]> {
  const { attributes } = attributesOf(
    line,
    { objectLock: false, encryption: 'prefer' },
    now().getTime(),
  );
  const sent: Sent = { attributes, acl: line.acl };
  try {
    const expectedBytes = line.size;
    const { head, body } = await store.getObject(bucket, line.key, { signal, expectedBytes });
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    const content =
      hash.digest('hex') === line.sha256
        ? []
        : [{ field: 'content', reason: 'the SHA-256 is not that of the backup' }];
    const kinds = kindsOf(sent);
    const needs = new Set(kinds.map((kind) => NEEDS[kind]));
    const got: ReadBack = {
      head,
      lock: head,
      tags: needs.has('tags') ? await store.getObjectTags(bucket, line.key, { signal }) : [],
      acl: needs.has('acl') ? await store.getObjectAcl(bucket, line.key, { signal }) : undefined,
    };
    const changes = kinds.flatMap((field) => {
      const reason = changeOf(field, sent, got);
      return reason === undefined ? [] : [{ field, reason }];
    });
    return [...content, ...changes];
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal') throw error;
    const field = error.code === 'not_found' ? 'object' : 'content';
    return [{ field, reason: `it could not be read back: ${error.message}` }];
  }
}
