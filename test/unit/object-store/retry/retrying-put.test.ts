import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { ObjectStore, OpenObject, PutOptions } from '../../../../src/object-store/port.js';
import { withRetries } from '../../../../src/object-store/retry/retry.js';
import { S3ResponseError } from '../../../../src/object-store/store-errors.js';
import { contentOf } from '../../../helpers/test-store.js';

const lost = () => new MangamotionError('unreachable', 'the answer is lost');
const inTheWay = () =>
  new MangamotionError('refused', 'there is one', {
    cause: new S3ResponseError('PreconditionFailed', 412, ''),
  });
const WRITTEN = { etag: 'written', versionId: null };

function objectOf(text: string): OpenObject {
  return {
    head: {
      ...{ sizeBytes: text.length, etag: 'found', lastModified: '', versionId: 'v' },
      ...{ headers: {}, metadata: {}, tagCount: 0, etagIsMd5: true },
      ...{ retention: null, legalHold: false },
      ...{ missingMetadata: 0, encryption: null, storageClass: null, checksums: {} },
    },
    body: Readable.from([Buffer.from(text)]),
  };
}

/** A store whose writes and reads end like this, one after the other. */
function storeOf(writes: (Error | typeof WRITTEN)[], reads: (Error | string)[]) {
  const asked: string[] = [];
  const methods: Partial<ObjectStore> = {
    putObject: () => {
      asked.push('write');
      const outcome = writes.shift();
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome!);
    },
    getObject: () => {
      asked.push('read');
      const outcome = reads.shift();
      return outcome instanceof Error
        ? Promise.reject(outcome)
        : Promise.resolve(objectOf(outcome!));
    },
  };
  const sleep = () => Promise.resolve();
  const store = withRetries({ endpoint: 'http://test', ...methods } as ObjectStore, { sleep });
  const create = (options: PutOptions = { ifAbsent: true }) =>
    store.putObject('bucket', 'key', contentOf('mine'), options);
  return { create, asked };
}

describe('a conditional write with patience', () => {
  it('takes an object in the way for its own after a lost answer, if it has just these bytes', async () => {
    const { create, asked } = storeOf([lost(), inTheWay()], ['mine']);
    expect(await create()).toEqual({ etag: 'found', versionId: 'v' });
    expect(asked).toEqual(['write', 'write', 'read']);
  });

  it.each(['yours', 'mine too'])('is refused by an object with other bytes: %s', async (other) => {
    const { create } = storeOf([lost(), inTheWay()], [other]);
    await expect(create()).rejects.toMatchObject({ code: 'refused' });
  });

  it('is refused by an object that is gone when it is looked at', async () => {
    const gone = new MangamotionError('not_found', 'gone');
    const { create } = storeOf([lost(), inTheWay()], [gone]);
    await expect(create()).rejects.toMatchObject({ code: 'refused' });
  });

  it('does not look where no answer was lost: the same bytes may be of another', async () => {
    const { create, asked } = storeOf([inTheWay()], []);
    await expect(create()).rejects.toMatchObject({ code: 'refused' });
    expect(asked).toEqual(['write']);
  });

  it('looks again where looking fails', async () => {
    const { create, asked } = storeOf([lost(), inTheWay(), inTheWay()], [lost(), 'mine']);
    expect(await create()).toMatchObject({ etag: 'found' });
    expect(asked).toEqual(['write', 'write', 'read', 'write', 'read']);
  });

  it('is just sent again where nothing is in the way', async () => {
    const { create, asked } = storeOf([lost(), WRITTEN], []);
    expect(await create()).toBe(WRITTEN);
    expect(asked).toEqual(['write', 'write']);
  });
});
