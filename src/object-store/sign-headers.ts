import { createHash, createHmac } from 'node:crypto';

/**
 * An AWS Signature Version 4 over the header bytes as they go over the wire. minio signs text, and
 * with it neither bytes that are not UTF-8 nor blanks other than the space survive. Pure.
 */

export interface SignedRequest {
  method: string;
  /** Path and query, percent-encoded. */
  path: string;
  /** One character a byte. */
  headers: Record<string, string>;
}

/**
 * How the server folds blanks before it checks a signature: AWS folds runs of spaces, and MinIO
 * (Go's strings.Fields) every kind of white space that Unicode knows, U+3000 of Japanese text too.
 */
export type BlankFolding = 'spaces' | 'unicode';

/** The UTF-8 bytes of Unicode's white space, as latin1 text. */
const UNICODE_BLANKS =
  /(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)+/g;

const UNSIGNED = new Set([
  'authorization',
  'content-length',
  'content-type',
  'user-agent',
  'expect',
]);

/** True where the two ways of folding give two signatures. */
export function foldingMatters(headers: Record<string, string>): boolean {
  return Object.values(headers).some((value) => fold(value, 'spaces') !== fold(value, 'unicode'));
}

/** The `authorization` header, with the scope and date of the one that the request carries. */
export function signAgain(
  request: SignedRequest,
  secretKey: string,
  folding: BlankFolding,
): string {
  const { headers } = request;
  const credential = /Credential=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const [date = '', region = '', service = ''] = credential.split('/').slice(-4);
  const names = Object.keys(headers)
    .filter((name) => !UNSIGNED.has(name))
    .sort();
  const [resource = '', query = ''] = request.path.split('?');
  const canonical = [
    request.method,
    resource,
    canonicalQuery(query),
    ...names.map((name) => `${name}:${fold(headers[name] ?? '', folding)}`),
    '',
    names.join(';'),
    headers['x-amz-content-sha256'] ?? '',
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = [
    'AWS4-HMAC-SHA256',
    headers['x-amz-date'] ?? '',
    scope,
    createHash('sha256').update(canonical, 'latin1').digest('hex'),
  ].join('\n');
  let key: string | Buffer = `AWS4${secretKey}`;
  for (const part of [date, region, service, 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest();
  }
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
}

function fold(value: string, folding: BlankFolding): string {
  return folding === 'spaces'
    ? value.replace(/ +/g, ' ')
    : value.replace(UNICODE_BLANKS, ' ').replace(/^ | $/g, '');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .sort()
    .map((part) => (part.includes('=') ? part : `${part}=`))
    .join('&');
}
