import { percentEncode } from '../wire/percent-encoding.js';
import { ANSWER_LIMITS } from '../../unexpected-answer.js';
import { parseListPage } from '../wire/list-page-xml.js';
import { eachPage } from './listing.js';
import type {
  ListedObject,
  ListOptions,
  ListPage,
  ListPageOptions,
  ObjectStore,
} from '../../port.js';
import type { S3Requests } from '../s3-requests.js';
import { repeatedToken } from '../../store-errors.js';

const MAX_PAGE = 1000;

/** Implements `listPage` of the port. A token makes `start-after` superfluous, so it is omitted. */
export function listPage(
  requests: S3Requests,
  bucket: string,
  { prefix = '', token, startAfter, maxKeys = MAX_PAGE, signal, urgent }: ListPageOptions,
): Promise<ListPage> {
  const query = [
    ...(token === undefined ? [] : [`continuation-token=${percentEncode(token)}`]),
    'encoding-type=url',
    'list-type=2',
    `max-keys=${maxKeys}`,
    `prefix=${percentEncode(prefix)}`,
    ...(token !== undefined || startAfter === undefined
      ? []
      : [`start-after=${percentEncode(startAfter)}`]),
  ].join('&');
  return requests.document(
    { method: 'GET', bucket, query, signal, urgent },
    (xml) => parseListPage(xml, prefix),
    'ListBucketResult',
    ANSWER_LIMITS.pageBytes,
  );
}

/** Implements `listObjects` of the port by the store's `listPage`. */
export function eachObjectPage(
  store: Pick<ObjectStore, 'endpoint' | 'listPage'>,
  bucket: string,
  options: ListOptions = {},
): AsyncGenerator<ListedObject[]> {
  const { endpoint } = store;
  const request = { method: 'GET', bucket, query: 'list-type=2' } as const;
  return eachPage(
    (start) => store.listPage(bucket, { ...options, startAfter: undefined, ...start }),
    (place) => repeatedToken(place, { endpoint, request }),
    options.startAfter,
  );
}
