import * as v from 'valibot';
import { browseBackup } from '../../backup/browse.js';
import { openObject } from '../../backup/read-object.js';
import { isMangamotionError } from '../../errors.js';
import type { Destination } from '../../repository/destination.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { objectDocument } from '../../reports/backups/object.js';
import { jsonAnswer } from '../answer.js';
import { withStoreDeadline } from '../deadline.js';
import { ofDestination, ofMissing, type NamedDestination } from '../destinations.js';
import { badRequest, notFound, RequestFailure } from '../failure.js';
import { PREVIEW_TYPES } from '../file-names.js';
import { objectAnswer } from '../object-answer.js';
import { defineRoute, type Route } from '../route.js';
import { backupId, destination } from '../schemas/backup-parameters.js';
import { objectsDocument } from '../schemas/backups.js';
import { wholeNumber } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { Slots } from '../slots.js';

const name = v.pipe(v.string(), v.nonEmpty('is empty'), v.maxLength(8192, 'is longer than 8192'));
const optionalName = v.optional(v.pipe(v.string(), v.maxLength(8192, 'is longer than 8192')));
const delimiter = v.optional(
  v.pipe(
    v.picklist(['/', ''], 'must be / or empty'),
    v.description('where names are cut into folders; empty for a flat list'),
  ),
  '/',
);

const DEFAULT_LIMIT = 100;
const STORE_WAIT_MS = 20_000;
/** Archives that are read at once: each takes some 10 MB. */
const MOST_READERS = 16;

/** What is in the archives of backups. */
export function backupObjectRoutes({ destinations, cutShort }: Services): Route[] {
  const readers = new Slots(MOST_READERS, 'too many archives are being read: try again');

  return [
    defineRoute({
      method: 'GET',
      path: '/api/backups/{id}/objects',
      summary: 'The objects in a backup, by folder; names are bucket/key',
      access: 'admin',
      params: { id: backupId },
      query: {
        destination,
        prefix: optionalName,
        after: optionalName,
        delimiter,
        limit: wholeNumber(1, 1000, DEFAULT_LIMIT),
      },
      answers: {
        200: { description: 'a page of the document of `backup ls`', schema: objectsDocument },
      },
      failures: [400, 404, 409, 502, 503],
      async respond({ params: { id }, query, signal }) {
        const { prefix = '', after, limit } = query;
        if (after?.startsWith(prefix) === false) throw badRequest('after must begin with prefix');
        const named = destinations.choose(query.destination);
        const page = await readers.during(() =>
          withStore(signal, async (limited) =>
            browseBackup(await locate(named, id, limited), {
              ...{ prefix, after, limit },
              asFolders: query.delimiter === '/',
            }),
          ),
        );
        const objects = page.objects.map(objectDocument);
        return jsonAnswer({ backup: id, prefix, ...page, objects });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/backups/{id}/objects/{bucket}/{key*}',
      summary: 'The bytes of an object in a backup',
      access: 'admin',
      params: { id: backupId, bucket: name, key: name },
      query: { destination },
      answers: {
        200: {
          description:
            'the bytes, of which the last are sent only if the SHA-256 is right; else the connection is cut',
          types: ['application/octet-stream', ...PREVIEW_TYPES],
        },
      },
      failures: [400, 404, 409, 502, 503],
      async respond({ params: { id, bucket, key }, query, signal, method, cut }) {
        const named = destinations.choose(query.destination);
        const leave = readers.take();
        try {
          const found = await withStore(signal, async (limited) =>
            openObject(await locate(named, id, limited), { bucket, key }),
          );
          if (found === undefined) throw notFound('the backup has no such object');
          const onFailure = (error: unknown): void => {
            if (!signal.aborted) cutShort(error);
            cut();
          };
          return await objectAnswer(found, { isHead: method === 'HEAD', onEnd: leave, onFailure });
        } catch (error) {
          leave();
          throw refusalOf(error) ?? error;
        }
      },
    }),
  ];
}

async function locate(
  named: NamedDestination,
  id: string,
  signal: AbortSignal,
): Promise<LocatedBackup> {
  const opened = await named.open(signal).catch((error: unknown) => {
    throw ofMissing(error);
  });
  try {
    return { destination: opened, backup: await opened.read(id) };
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) await refuseLegacy(opened, id);
    throw error;
  }
}

/** The index of a backup of backup-minio.sh is made by reading all of it, which no request does. */
async function refuseLegacy(destination: Destination, id: string): Promise<void> {
  const legacy = (await destination.listLegacy?.()) ?? [];
  if (!legacy.some((one) => one.id === id)) return;
  throw new RequestFailure(
    409,
    'backup-minio.sh made this backup: it has no index; use `mangamotion backup ls`',
    { code: 'refused' },
  );
}

/** Bounds how long a destination is waited for. What is wrong with it is no mistake of the client. */
async function withStore<T>(
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await withStoreDeadline(signal, STORE_WAIT_MS, work);
  } catch (error) {
    throw refusalOf(error) ?? (error instanceof RequestFailure ? error : ofDestination(error));
  }
}

/** Returns the answer for what this server has no key to open; `undefined` for another error. */
function refusalOf(error: unknown): RequestFailure | undefined {
  // An error that carries a request comes from the store, which denies access.
  const isLocked = isMangamotionError(error, 'access_denied') && error.request === undefined;
  return isLocked
    ? new RequestFailure(409, error.message, { code: 'refused', cause: error })
    : undefined;
}
