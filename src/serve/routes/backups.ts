import * as v from 'valibot';
import { browseBackup } from '../../backup/browse.js';
import { openObject, type OpenObject } from '../../backup/read-object.js';
import { isMangamotionError } from '../../errors.js';
import type { Destination } from '../../repository/destination.js';
import { readableSummary, type LocatedBackup } from '../../repository/locate.js';
import { backupIdOf } from '../../repository/names.js';
import { legacyDocument } from '../../reports/backups/legacy.js';
import { backupDocument, listBackups } from '../../reports/backups/list.js';
import { objectDocument } from '../../reports/backups/object.js';
import { showBackup } from '../../reports/backups/show.js';
import { jsonAnswer } from '../answer.js';
import { withStoreDeadline } from '../deadline.js';
import { ofDestination, ofMissing, type NamedDestination, type Reading } from '../destinations.js';
import { badRequest, failureOf, notFound, RequestFailure } from '../failure.js';
import { attachment, PREVIEW_TYPES, safeType } from '../file-names.js';
import { lastVerifications } from '../last-verified.js';
import { defineRoute, type Route } from '../route.js';
import { destinationsDocument, objectsDocument, shownDocument } from '../schemas/backups.js';
import { wholeNumber } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { streamOf, type StreamEnds } from '../stream.js';

const backupId = v.pipe(
  v.string(),
  v.check((id) => backupIdOf(id) === id, 'must be the id of a backup'),
  v.description('the id of the backup'),
);
const destination = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(4096, 'is longer than 4096'),
    v.description('one of the destinations that the server was started with, by its text'),
  ),
);
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

export function backupRoutes({ destinations, schedule, cutShort }: Services): Route[] {
  const readers = new Readers(MOST_READERS);

  const locate = async (
    named: NamedDestination,
    id: string,
    signal: AbortSignal,
  ): Promise<LocatedBackup> => {
    const opened = await named.open(signal).catch((error: unknown) => {
      throw ofMissing(error);
    });
    try {
      return { destination: opened, backup: await opened.read(id) };
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) await refuseLegacy(opened, id);
      throw error;
    }
  };

  return [
    defineRoute({
      method: 'GET',
      path: '/api/backups',
      summary: 'The backups at each destination, and how they stand against their limits',
      access: 'admin',
      params: {},
      query: { destination },
      answers: {
        200: {
          description: 'the documents of `backup list` and `backup status`',
          schema: destinationsDocument,
        },
      },
      failures: [400, 404, 502, 503],
      async respond({ query }) {
        const wanted =
          query.destination === undefined
            ? destinations.all
            : [destinations.choose(query.destination)];
        const readings = await Promise.all(wanted.map((named) => destinations.read(named)));
        // With nothing to show, the failure is the answer.
        const [first] = readings;
        if (first?.failure !== undefined && readings.every(({ content }) => content === undefined))
          throw first.failure;
        const verified = await lastVerifications(schedule);
        const documents = wanted.map((named, index) => ({
          destination: named.text,
          ...readingDocument(named, readings[index]),
          last_verified: verified(named.text),
        }));
        return jsonAnswer({ destinations: documents });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/backups/{id}',
      summary: 'The summary of a backup',
      access: 'admin',
      params: { id: backupId },
      query: { destination },
      answers: { 200: { description: 'the document of `backup show`', schema: shownDocument } },
      failures: [400, 404, 409, 502, 503],
      async respond({ params: { id }, query }) {
        const named = destinations.choose(query.destination);
        const { content, failure } = await destinations.readWith(named, id);
        if (content === undefined) throw ofMissing(failure) ?? notFound('there is no such backup');
        const { backups, legacy } = content;
        const entry = backups.find((one) => one.id === id);
        if (entry !== undefined)
          return jsonAnswer(showBackup(readableSummary(entry), backups).document);
        const old = legacy.find((one) => one.id === id);
        if (old === undefined) throw ofMissing(failure) ?? notFound('there is no such backup');
        return jsonAnswer(legacyDocument(old));
      },
    }),
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
        const leave = readers.enter();
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
          throw error;
        }
      },
    }),
  ];

  function readingDocument(named: NamedDestination, reading: Reading | undefined) {
    const { content, readAt, failure } = reading ?? {};
    const { message: error, code } = failure === undefined ? {} : failureOf(failure);
    return {
      read_at: readAt?.toISOString() ?? null,
      problem: failure === undefined ? null : { error, code },
      list:
        content === undefined ? null : { backups: listBackups(content).rows.map(backupDocument) },
      status:
        content === undefined
          ? null
          : { destination: named.text, ...destinations.statusOf(content) },
    };
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
    throw error instanceof RequestFailure ? error : ofDestination(error);
  }
}

interface ObjectAnswerParts extends StreamEnds {
  isHead: boolean;
}

/** Damage that shows in the first piece is an error document; later it cuts the connection. */
async function objectAnswer(
  { line, pieces }: OpenObject,
  { isHead, ...ends }: ObjectAnswerParts,
): Promise<Response> {
  const { value: first = Buffer.alloc(0), done } = await pieces.next();
  const headers = {
    'content-type': safeType(first),
    'content-length': String(line.size),
    'content-disposition': attachment(line.key),
    'cache-control': 'no-store',
    'x-content-sha256': line.sha256,
  };
  if (isHead || done === true) {
    await pieces.return(undefined);
    ends.onEnd();
    return new Response(isHead ? null : new Uint8Array(0), { headers });
  }
  const body = streamOf(first, pieces, ends);
  return new Response(body, { headers });
}

/** Bounds how many archives are open. */
class Readers {
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns what ends the reading. Throws 429 if there are too many. */
  enter(): () => void {
    if (this.#count >= this.#most) {
      throw new RequestFailure(429, 'too many archives are being read: try again', {
        code: 'too_many_requests',
        headers: { 'retry-after': '1' },
      });
    }
    this.#count += 1;
    let isIn = true;
    return () => {
      if (isIn) this.#count -= 1;
      isIn = false;
    };
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
