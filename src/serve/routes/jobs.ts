import { hasStoreCredentials } from '../../config/load.js';
import { isMangamotionError } from '../../errors.js';
import { localName } from '../../jobs/download/target.js';
import { placesOf } from '../../jobs/places.js';
import { queueExists } from '../../jobs/queue/reader.js';
import { findArtifact, findResult, type Artifact } from '../../jobs/result.js';
import type { JobRow } from '../../jobs/row.js';
import { openSearch, outcomeOf } from '../../reports/jobs/search.js';
import { expectStore, type StoreAccess } from '../../reports/jobs/store-access.js';
import { DEFAULT_EXPIRES_SECONDS, presigned } from '../../reports/jobs/urls.js';
import { jsonAnswer } from '../answer.js';
import { withStoreDeadline } from '../deadline.js';
import { badRequest, forbidden, notFound, RequestFailure } from '../failure.js';
import { listDocument } from '../jobs/list-document.js';
import { openQueue, shownJob, STORE_WAIT_MS, storeFor, visibleRow } from '../jobs/shown-job.js';
import { defineRoute, type Route } from '../route.js';
import * as documents from '../schemas/jobs.js';
import {
  flag,
  jobId,
  optionalBegin,
  optionalIdPart,
  optionalMoment,
  optionalQueue,
  optionalStatuses,
  optionalUserId,
  wholeNumber,
} from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { requestedUserIfAny, type Visitor } from '../visitor.js';

const DEFAULT_LIMIT = 50;
const MOST_LISTED = 1000;
/** What is skipped is kept in memory until the newest are known. */
const MOST_SKIPPED = 100_000;

export function jobRoutes(services: Services): Route[] {
  const { redis, config, queues, now } = services;
  const urlOf = async (
    { visitor, id, signal }: { visitor: Visitor; id: string; signal: AbortSignal },
    find: (row: JobRow, store: StoreAccess) => Promise<Artifact>,
    fileName: (key: string) => string,
  ) => {
    const row = await visibleRow(openQueue(services, signal), id, visitor);
    if (!hasStoreCredentials(config)) throw notConfigured();
    return await withStoreDeadline(signal, STORE_WAIT_MS, async (limited) => {
      const store = storeFor(services, limited);
      await expectStore(store);
      const artifact = await find(row, store);
      const name = fileName(artifact.key);
      const times = { expiresSeconds: DEFAULT_EXPIRES_SECONDS, now: now() };
      return await presigned(store, { artifact, ...times, fileName: name });
    });
  };
  /** Looks into the buckets of results alone, whatever the job names. */
  const resultOf = async (row: JobRow, store: StoreAccess): Promise<Artifact> => {
    const outcome = outcomeOf(row);
    if (outcome.status !== 'completed' && outcome.status !== 'unknown')
      throw new RequestFailure(400, 'Job not completed', { code: 'refused' });
    const findOutcome = () => Promise.resolve(outcome);
    const search = await openSearch(store, { findOutcome, anyBucket: false });
    try {
      return await findResult(row.id, search);
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) throw notFound('the result is gone');
      throw error;
    }
  };
  const previewOf = async (row: JobRow, store: StoreAccess): Promise<Artifact> => {
    const places = placesOf(config.jobs.previewPaths, row.id, config.jobBucket);
    const preview = await findArtifact(await store.openStore(), places, store.signal);
    if (preview === undefined) throw notFound('the job has no thumbnail');
    return preview;
  };

  return [
    defineRoute({
      method: 'GET',
      path: '/api/jobs',
      summary: 'Jobs, newest first: those in the queue and those with a billing record',
      access: 'user',
      params: {},
      query: {
        user_id: optionalUserId,
        id: optionalIdPart,
        status: optionalStatuses,
        limit: wholeNumber(1, MOST_LISTED, DEFAULT_LIMIT),
        offset: wholeNumber(0, MOST_SKIPPED, 0),
        since: optionalBegin,
        until: optionalMoment,
        queue: optionalQueue,
        files: flag,
      },
      answers: {
        200: {
          description: 'the document of `jobs list`, with counts of all statuses',
          schema: documents.listDocument,
        },
      },
      failures: [400, 404, 502, 503],
      async respond({ visitor, query, signal }) {
        const { limit, offset, status, queue, files } = query;
        const userId = requestedUserIfAny(visitor, query.user_id);
        const tellsAll = visitor.kind === 'admin';
        if (queue !== undefined && queue !== queues.queue && !tellsAll)
          throw forbidden('only administrators choose the queue');
        const [since, until] = [query.since?.(now()), query.until?.(now())];
        if (since !== undefined && until !== undefined && since > until)
          throw badRequest('since is after until');
        const access = openQueue(services, signal, queue);
        const filter = {
          userId,
          idPart: query.id,
          statuses: status,
          states: undefined,
          since,
          until,
        };
        const document = await withStoreDeadline(signal, STORE_WAIT_MS, (limited) =>
          listDocument(access, storeFor(services, files ? limited : signal), {
            ...{ ...filter, limit, offset, files, tellsAll, signal },
          }),
        );
        if (
          queue !== undefined &&
          document.total === 0 &&
          !(await queueExists(redis, access.queue))
        )
          throw notFound('there is no such queue');
        return jsonAnswer(document);
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/jobs/{id}',
      summary: 'All that is known of a job',
      access: 'user',
      params: { id: jobId },
      query: {},
      answers: { 200: { description: 'the document of `jobs show`', schema: documents.shownJob } },
      failures: [400, 404, 502, 503],
      async respond({ visitor, params, signal }) {
        return jsonAnswer(await shownJob(services, { id: params.id, visitor, signal }));
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/status/{id}',
      summary: 'All that is known of a job; an unknown job has the status not_found',
      access: 'user',
      params: { id: jobId },
      query: {},
      answers: {
        200: {
          description: 'the document of `jobs show`, or {"status":"not_found"}',
          schema: documents.statusDocument,
        },
      },
      failures: [400, 502, 503],
      async respond({ visitor, params, signal }) {
        try {
          return jsonAnswer(await shownJob(services, { id: params.id, visitor, signal }));
        } catch (error) {
          const isUnknown = error instanceof RequestFailure && error.status === 404;
          if (isUnknown) return jsonAnswer({ status: 'not_found' });
          throw error;
        }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/jobs/{id}/download',
      summary: 'A URL that downloads the result of a completed job, for an hour',
      access: 'user',
      params: { id: jobId },
      query: {},
      answers: {
        200: {
          description: 'the document of `jobs download --url`',
          schema: documents.downloadDocument,
        },
      },
      failures: [400, 404, 409, 502, 503],
      async respond({ visitor, params: { id }, signal }) {
        const found = await urlOf({ visitor, id, signal }, resultOf, (key) => localName(id, key));
        return jsonAnswer({ job_id: id, download_url: found.url, ...found });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/jobs/{id}/thumbnail',
      summary: 'A URL of the preview of a job, for an hour',
      access: 'user',
      params: { id: jobId },
      query: {},
      answers: {
        200: { description: 'the URL, and what it leads to', schema: documents.thumbnailDocument },
      },
      failures: [400, 404, 502, 503],
      async respond({ visitor, params: { id }, signal }) {
        const found = await urlOf({ visitor, id, signal }, previewOf, (key) =>
          localName(id, key, 'preview'),
        );
        return jsonAnswer({ job_id: id, thumbnail_url: found.url, ...found });
      },
    }),
  ];
}

function notConfigured(): RequestFailure {
  return new RequestFailure(503, 'the object store is not configured', { code: 'unavailable' });
}
