import { STATUS_CODES } from 'node:http';
import { toJson } from '../json.js';
import { JSON_TYPE } from './answer.js';
import { RequestFailure } from './failure.js';

/**
 * Returns the failure for what Node.js could not read as a request; `undefined` where nobody is there to be
 * answered, such as after a reset, or in the middle of a handshake of TLS. `code` is that of its error.
 */
export function unreadableFailure(code: string): RequestFailure | undefined {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new RequestFailure(431, 'the headers, or the address, are larger than 16 KiB', {
        code: 'too_large',
      });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new RequestFailure(413, 'the extensions of a chunk are larger than 16 KiB', {
        code: 'too_large',
      });
  }
  if (!code.startsWith('HPE_')) return undefined;
  return new RequestFailure(400, 'this is not an HTTP request', { code: 'usage' });
}

/** A client that is too slow, or has stopped in the middle of a request. */
export function tooLate(): RequestFailure {
  return new RequestFailure(408, 'the request did not come in time', { code: 'timeout' });
}

/** CONNECT asks a proxy for a tunnel. */
export function noTunnel(): RequestFailure {
  return new RequestFailure(405, 'this server is no proxy', {
    code: 'method_not_allowed',
    headers: { allow: 'GET, HEAD, POST' },
  });
}

/** Returns the answer as it is sent on a connection that ends with it. */
export function wireAnswer(
  { status, message, code, headers }: RequestFailure,
  moreHeaders: Readonly<Record<string, string>>,
): string {
  const body = toJson({ error: message, code }, { indent: false });
  const all = {
    ...moreHeaders,
    ...headers,
    'content-type': JSON_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
