import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

/**
 * A store that is far away: each answer comes after a delay, and each connection has a rate of its own.
 * It holds one bucket, `far`, of equal objects. Prints its address.
 */

const [count = '2000', sizeBytes = '300000', delayMs = '30', bytesPerSecond = '2000000'] =
  process.argv.slice(2);
const body = randomBytes(Number(sizeBytes));
const etag = createHash('md5').update(body).digest('hex');
const PIECE_BYTES = 64 * 1024;
const pauseMs = (PIECE_BYTES / Number(bytesPerSecond)) * 1000;
const keys = Array.from({ length: Number(count) }, (_, i) => `jobs/${String(i).padStart(8, '0')}`);
const TIME = '2026-01-01T00:00:00.000Z';

function listing(query) {
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const most = Number(query.get('max-keys') ?? 1000);
  const rest = keys.filter((key) => key > after);
  const page = rest.slice(0, most);
  const more = rest.length > page.length;
  const contents = page.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>${TIME}</LastModified><ETag>"${etag}"</ETag><Size>${body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  return `<ListBucketResult><Name>far</Name><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://store');
  await sleep(Number(delayMs));
  const xml = (status, text) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  const [, , ...key] = pathname.split('/');
  const subresource = [...searchParams.keys()].some(
    (name) =>
      ![
        'list-type',
        'max-keys',
        'continuation-token',
        'start-after',
        'encoding-type',
        'prefix',
        'fetch-owner',
      ].includes(name),
  );
  if (pathname === '/') {
    xml(
      200,
      `<ListAllMyBucketsResult><Buckets><Bucket><Name>far</Name><CreationDate>${TIME}</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`,
    );
  } else if (subresource) {
    xml(501, '<Error><Code>NotImplemented</Code><Message>not here</Message></Error>');
  } else if (key.join('/') === '') {
    xml(200, listing(searchParams));
  } else {
    response.writeHead(200, {
      'content-length': body.length,
      'content-type': 'image/jpeg',
      'last-modified': new Date(TIME).toUTCString(),
      etag: `"${etag}"`,
      'x-amz-tagging-count': '0',
    });
    for (let at = 0; at < body.length && !response.destroyed; at += PIECE_BYTES) {
      response.write(body.subarray(at, at + PIECE_BYTES));
      await sleep(pauseMs);
    }
    response.end();
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
