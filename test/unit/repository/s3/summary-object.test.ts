import { expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { ObjectStore, PutOptions } from '../../../../src/object-store/port.js';
import { putSummary } from '../../../../src/repository/s3/summary-object.js';

/** Servers that answer a conditional write in another way than by obeying it. */

const TEXT = '{"a":"summary"}';

function refusal(code: 'refused' | 'access_denied', s3Code: string): MangamotionError {
  return new MangamotionError(code, s3Code, {
    cause: Object.assign(new Error(s3Code), { code: s3Code }),
    request: { operation: 'PutObject', status: 400, code: s3Code },
  });
}

/** Resolves to the conditions of the requests; `there`: what lies under the name of the summary. */
async function write(refused: MangamotionError, there?: string): Promise<(boolean | undefined)[]> {
  const conditions: (boolean | undefined)[] = [];
  const store: Partial<ObjectStore> = {
    putObject: (_bucket, _key, _content, { ifAbsent }: PutOptions = {}) => {
      conditions.push(ifAbsent);
      if (ifAbsent === true) return Promise.reject(refused);
      return Promise.resolve({ etag: 'x', versionId: null });
    },
    readObject: () => {
      if (there === undefined) return Promise.reject(new MangamotionError('not_found', 'none'));
      return Promise.resolve({ head: {}, content: Buffer.from(there) } as never);
    },
  };
  const place = { url: 's3://b', bucket: 'b', prefix: '' };
  const { signal } = new AbortController();
  await putSummary({ ...place, store: store as ObjectStore, signal }, 'id', TEXT, {});
  return conditions;
}

it.each([
  ['does not know it', refusal('refused', 'NotImplemented')],
  ['gets it without the header that was signed', refusal('access_denied', 'SignatureDoesNotMatch')],
  ['says that an object is in the way where none is', refusal('refused', 'PreconditionFailed')],
])('a server that %s is asked without the condition', async (_, refused) => {
  expect(await write(refused)).toEqual([true, false]);
});

it('a summary that was written, and sent again on its way, is there', async () => {
  expect(await write(refusal('refused', 'PreconditionFailed'), TEXT)).toEqual([true]);
});

it('a summary of another run stays', async () => {
  const writing = write(refusal('refused', 'PreconditionFailed'), 'another');
  await expect(writing).rejects.toMatchObject({ code: 'locked' });
});
