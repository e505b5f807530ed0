import { createHash, createHmac } from 'node:crypto';

/**
 * AWS Signature Version 4 over the header bytes that are really sent. minio signs their text
 * instead, which fails for bytes that are not UTF-8 and for white space other than the space.
 */

/** One character per byte; names in lower case. */
export type WireHeaders = Record<string, string>;

export interface Credentials {
  accessKey: string;
  secretKey: string;
}

export interface ToSign {
  method: string;
  /** Path and query, percent-encoded. */
  path: string;
  headers: WireHeaders;
  sha256: string;
  region: string;
  folding: BlankFolding;
}

/**
 * How the server folds white space before it checks a signature. AWS folds runs of spaces; MinIO
 * (Go's strings.Fields) folds all Unicode white space, such as U+3000 in Japanese text.
 */
export type BlankFolding = 'spaces' | 'unicode';

/** Matches Unicode white space in UTF-8, one character per byte. */
const UNICODE_BLANKS =
  /(?:[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)+/g;

/** Headers that proxies may change, or that are checked by other means. */
const UNSIGNED = new Set([
  'accept-encoding',
  'authorization',
  'content-length',
  'content-type',
  'expect',
  'user-agent',
]);

export function foldingMatters(headers: WireHeaders): boolean {
  return Object.values(headers).some((value) => fold(value, 'spaces') !== fold(value, 'unicode'));
}

/** Signs requests. It keeps the signing key of the current day and region. */
export class Signer {
  readonly #credentials: Credentials;
  #scope = '';
  #key: Buffer = Buffer.alloc(0);

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Adds the signature headers to `headers`. */
  sign({ method, path, headers, sha256, region, folding }: ToSign, now: Date): void {
    const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
    headers['x-amz-date'] = time;
    headers['x-amz-content-sha256'] = sha256;
    const names = Object.keys(headers)
      .filter((name) => !UNSIGNED.has(name))
      .sort();
    const signed = names.map((name) => `${name}:${fold(headers[name] ?? '', folding)}\n`).join('');
    const query = path.indexOf('?');
    const resource = query < 0 ? path : path.slice(0, query);
    const parameters = query < 0 ? '' : canonicalQuery(path.slice(query + 1));
    const signedNames = names.join(';');
    const canonical = `${method}\n${resource}\n${parameters}\n${signed}\n${signedNames}\n${sha256}`;
    const digest = createHash('sha256').update(canonical, 'latin1').digest('hex');
    const signature = createHmac('sha256', this.#keyOf(scope))
      .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`)
      .digest('hex');
    const credential = `${this.#credentials.accessKey}/${scope}`;
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedNames}, Signature=${signature}`;
  }

  #keyOf(scope: string): Buffer {
    if (scope !== this.#scope) {
      this.#scope = scope;
      this.#key = signingKey(this.#credentials.secretKey, scope);
    }
    return this.#key;
  }
}

/** Returns the signing key of a scope `date/region/service/aws4_request`. */
export function signingKey(secretKey: string, scope: string): Buffer {
  let key = Buffer.from(`AWS4${secretKey}`);
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return key;
}

function fold(value: string, folding: BlankFolding): string {
  return folding === 'spaces'
    ? value.replace(/ {2,}/g, ' ')
    : value.replace(UNICODE_BLANKS, ' ').replace(/^ | $/g, '');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .map((part) => (part.includes('=') ? part : `${part}=`))
    .sort()
    .join('&');
}
