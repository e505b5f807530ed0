import { TLSSocket } from 'node:tls';
import type { ServeContext } from '../context.js';
import { forbidden } from '../failure.js';
import type { Proxies } from './client.js';
import { requestedHost } from './hosts.js';

/**
 * Throws 403 unless the request comes from our own page, or carries a token in a header, which a page of
 * another site cannot add.
 */
export function expectOwnOrigin(context: ServeContext, proxies: Proxies): void {
  const { origin, authorization } = context.req.header();
  const host = requestedHost(context.env.incoming);
  if (origin === undefined && authorization !== undefined) return;
  const scheme = isSecure(context, proxies) ? 'https' : 'http';
  if (origin === `${scheme}://${host ?? ''}`) return;
  throw forbidden(
    `a change needs the header Origin: ${scheme}://${host ?? ''}, or a token in Authorization`,
  );
}

/** Whether the client came by TLS, to us or to a trusted proxy. */
export function isSecure(context: ServeContext, proxies: Proxies): boolean {
  const { socket } = context.env.incoming;
  if (socket instanceof TLSSocket) return true;
  const isTrusted = proxies.includes(socket.remoteAddress ?? '');
  return isTrusted && context.req.header('x-forwarded-proto') === 'https';
}
