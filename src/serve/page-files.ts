import { readFile } from 'node:fs/promises';
import { MangamotionError } from '../errors.js';
import type { ServeContext } from './context.js';
import type { Endpoint } from './endpoint.js';
import { isAmong } from './tagged-answer.js';

/** What the build writes to files.json: every path that the page has, and nothing else is served. */
export interface PageTable {
  /** Paths of the document; one that ends in `/*` stands for all paths below. */
  documentPaths: readonly string[];
  document: PageEntry;
  /** By path. Their names hold a hash of what is in them. */
  assets: Readonly<Record<string, PageEntry>>;
}

export interface PageEntry {
  /** The file in dist/web; the compressed ones beside it end in `.br` and `.gz`. */
  file: string;
  type: string;
  etag: string;
}

type Encoding = 'br' | 'gzip' | 'identity';
const ENDINGS: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz', identity: '' };

interface LoadedFile extends PageEntry {
  bodies: Readonly<Record<Encoding, Uint8Array<ArrayBuffer>>>;
}

/** The page, read once: a request never leads to a file of the disk. */
export interface PageFiles {
  documentPaths: readonly string[];
  document: LoadedFile;
  assets: ReadonlyMap<string, LoadedFile>;
}

const BUILT = new URL('../../dist/web/', import.meta.url);

/** Reads what the build has made. Throws `internal` if there is none. */
export async function readPageFiles(): Promise<PageFiles> {
  const text = await readFile(new URL('files.json', BUILT), 'utf8').catch((error: unknown) => {
    const hint = '`npm run build` makes it';
    throw new MangamotionError('internal', 'the page is not built', { hint, cause: error });
  });
  const { documentPaths, document, assets } = JSON.parse(text) as PageTable;
  const loaded = await Promise.all(
    Object.entries(assets).map(async ([path, entry]) => [path, await loadFile(entry)] as const),
  );
  return { documentPaths, document: await loadFile(document), assets: new Map(loaded) };
}

async function loadFile(entry: PageEntry): Promise<LoadedFile> {
  const bodyOf = async (encoding: Encoding) =>
    new Uint8Array(await readFile(new URL(`${entry.file}${ENDINGS[encoding]}`, BUILT)));
  const [br, gzip, identity] = await Promise.all([
    bodyOf('br'),
    bodyOf('gzip'),
    bodyOf('identity'),
  ]);
  return { ...entry, bodies: { br, gzip, identity } };
}

const YEAR = 'public, max-age=31536000, immutable';

/** Each path of the page. They hold no data, so they need no credentials. */
export function pageEndpoints({ documentPaths, document, assets }: PageFiles): Endpoint[] {
  const endpointOf = (path: string, file: LoadedFile, cacheControl: string): Endpoint => ({
    ...{ method: 'GET', path },
    respond: (context) => answerOf(context, file, cacheControl),
  });
  return [
    ...documentPaths.map((path) => endpointOf(path, document, 'no-cache')),
    ...[...assets].map(([path, file]) => endpointOf(path, file, YEAR)),
  ];
}

function answerOf(context: ServeContext, file: LoadedFile, cacheControl: string): Response {
  const headers = {
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': cacheControl,
  };
  if (isAmong(file.etag, context.req.header('if-none-match')))
    return new Response(null, { status: 304, headers });
  const encoding = chooseEncoding(context.req.header('accept-encoding'));
  const body = file.bodies[encoding];
  return new Response(body, {
    headers: {
      ...headers,
      'content-type': file.type,
      'content-length': String(body.length),
      ...(encoding !== 'identity' && { 'content-encoding': encoding }),
    },
  });
}

/** Returns the smallest encoding that the client accepts, by RFC 9110, section 12.5.3. */
export function chooseEncoding(header: string | undefined): Encoding {
  const weights = new Map(
    (header ?? '').split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((text) => text.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)] as const;
    }),
  );
  const accepts = (name: string): boolean => (weights.get(name) ?? weights.get('*') ?? 0) > 0;
  return accepts('br') ? 'br' : accepts('gzip') ? 'gzip' : 'identity';
}
