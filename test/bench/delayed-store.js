import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

/**
 * A store that is far away: each answer comes after a delay, and each connection has a rate of its own,
 * in both directions. It holds a bucket `far` of equal objects and, where a folder is given, a bucket
 * `archives` of the files in it. It takes new buckets and objects, of which it forgets the bytes. Prints
 * its address.
 */

const [count = '2000', sizeBytes = '300000', delayMs = '30', bytesPerSecond = '2000000', folder] =
  process.argv.slice(2);
const PIECE_BYTES = 64 * 1024;
const TIME = '2026-01-01T00:00:00.000Z';
const LISTING = new Set([
  ...['list-type', 'max-keys', 'continuation-token', 'start-after', 'encoding-type'],
  ...['prefix', 'fetch-owner'],
]);

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const msOf = (bytes) => (bytes / Number(bytesPerSecond)) * 1000;
const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');

/** Buckets by their names, and in each the objects by their keys. */
const buckets = new Map();
const body = randomBytes(Number(sizeBytes));
const equal = {
  ...{ size: body.length, etag: md5(body), type: 'image/jpeg' },
  read: (start, end) => body.subarray(start, end),
};
buckets.set(
  'far',
  new Map(
    Array.from({ length: Number(count) }, (_, i) => [`jobs/${String(i).padStart(8, '0')}`, equal]),
  ),
);

/** What has come into the folder since the last request. */
function readFolder() {
  if (folder === undefined) return;
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = names.map((name) => [name, join(folder, name)]);
  buckets.set(
    'archives',
    new Map(
      files
        .filter(([, path]) => statSync(path).isFile())
        .map(([name, path]) => [name, fileObject(path)]),
    ),
  );
}

function fileObject(path) {
  const { size } = statSync(path);
  const read = async (start, end) => {
    const file = await open(path);
    try {
      return (await file.read(Buffer.alloc(end - start), 0, end - start, start)).buffer;
    } finally {
      await file.close();
    }
  };
  const etag = size < PIECE_BYTES ? md5(readFileSync(path)) : md5(`${path} ${size}`);
  return { size, etag, type: 'application/octet-stream', read };
}

function listing(name, objects, query) {
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const prefix = query.get('prefix') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const rest = [...objects.keys()].filter((key) => key > after && key.startsWith(prefix)).sort();
  const page = rest.slice(0, most);
  const more = rest.length > page.length;
  const contents = page.map((key) => {
    const { etag, size } = objects.get(key);
    return `<Contents><Key>${key}</Key><LastModified>${TIME}</LastModified><ETag>"${etag}"</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  });
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  return `<ListBucketResult><Name>${name}</Name><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
}

/** Takes an object in at the rate of a connection. */
async function takeIn(request, response, objects, key) {
  const begin = performance.now();
  const hash = createHash('md5');
  let size = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    size += chunk.length;
  }
  await sleep(Math.max(0, msOf(size) - (performance.now() - begin)));
  const etag = hash.digest('hex');
  objects.set(key, { size, etag, type: request.headers['content-type'] ?? '' });
  response.writeHead(200, { etag: `"${etag}"` });
  response.end();
}

async function send(request, response, { size, etag, type, read }) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(size, last === undefined || last === '' ? size : Number(last) + 1);
  response.writeHead(first === undefined ? 200 : 206, {
    ...{ 'content-length': end - start, 'content-type': type, etag: `"${etag}"` },
    ...(first === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    ...{ 'last-modified': new Date(TIME).toUTCString(), 'x-amz-tagging-count': '0' },
  });
  if (request.method === 'HEAD' || read === undefined) {
    response.end();
    return;
  }
  for (let at = start; at < end && !response.destroyed; at += PIECE_BYTES) {
    const piece = await read(at, Math.min(at + PIECE_BYTES, end));
    response.write(piece);
    await sleep(msOf(piece.length));
  }
  response.end();
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://store');
  const { method } = request;
  await sleep(Number(delayMs));
  const xml = (status, text) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(method === 'HEAD' ? undefined : text);
  };
  const missing = (code) => xml(404, `<Error><Code>${code}</Code><Message>no</Message></Error>`);
  const [, bucket = '', ...path] = pathname.split('/').map(decodeURIComponent);
  const key = path.join('/');
  if (bucket === 'archives') readFolder();
  const objects = buckets.get(bucket);
  if (bucket === '') {
    const named = [...buckets.keys()].map(
      (name) => `<Bucket><Name>${name}</Name><CreationDate>${TIME}</CreationDate></Bucket>`,
    );
    xml(
      200,
      `<ListAllMyBucketsResult><Buckets>${named.join('')}</Buckets></ListAllMyBucketsResult>`,
    );
  } else if (method === 'PUT' && key === '' && searchParams.size === 0) {
    buckets.set(bucket, objects ?? new Map());
    xml(200, '');
  } else if (objects === undefined) {
    missing('NoSuchBucket');
  } else if ([...searchParams.keys()].some((name) => !LISTING.has(name))) {
    xml(501, '<Error><Code>NotImplemented</Code><Message>not here</Message></Error>');
  } else if (key === '') {
    xml(200, listing(bucket, objects, searchParams));
  } else if (method === 'PUT') {
    await takeIn(request, response, objects, key);
  } else if (method === 'DELETE') {
    objects.delete(key);
    response.writeHead(204);
    response.end();
  } else if (objects.has(key)) {
    await send(request, response, objects.get(key));
  } else {
    missing('NoSuchKey');
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
