import type { ClientRequest } from 'node:http';
import { NOT_ASCII } from './header-text.js';

/** Two ways in which node (20 to 24) sends other header bytes than it was given, beyond ASCII. */

type Headers = Record<string, string>;

/** It writes the headers of a request with `Expect` as UTF-8 instead of latin1. */
export function isGarbledByExpect(headers: Headers): boolean {
  return Object.values(headers).some((value) => NOT_ASCII.test(value));
}

/** It reads a Content-Disposition anew when headers and body go out together, in `end(body)`. */
export function isGarbledInOneWrite(headers: Headers): boolean {
  const disposition = headers['content-disposition'];
  return disposition !== undefined && NOT_ASCII.test(disposition);
}

/** Makes `end(body)` a `write(body)` and an `end()`. */
export function writeBeforeEnd(request: ClientRequest): void {
  const end = request.end.bind(request);
  request.end = ((body?: unknown) => {
    if (body instanceof Uint8Array && body.length > 0) request.write(body);
    return end();
  }) as typeof request.end;
}
