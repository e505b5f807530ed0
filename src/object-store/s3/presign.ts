import { createHash, createHmac } from 'node:crypto';
import { encodePath, percentEncode } from './wire/percent-encoding.js';
import { type Credentials, signingKey } from './sign-v4.js';

/** Presigned URLs (AWS Signature Version 4), with which anybody can read the object. */

export interface PresignTarget extends Credentials {
  /** The host name or address that users of the URL reach, without scheme and port. */
  endpoint: string;
  port: number;
  useTls: boolean;
  region: string;
}

export interface PresignRequest {
  bucket: string;
  key: string;
  /** The URL is valid for this long from `now`. S3 accepts 1 s to 7 days. */
  expiresSeconds: number;
  now: Date;
  /** The name under which browsers save the object. ASCII, without quotes and backslashes. */
  fileName?: string | undefined;
}

/**
 * Returns a path-style URL for a GET; sends no request. minio's own function forgets the brackets
 * around an IPv6 address without a port, and refuses bucket names with `_` or capitals.
 */
export function presignGet(target: PresignTarget, request: PresignRequest): string {
  const host = hostOf(target);
  const path = `/${encodePath(request.bucket)}/${encodePath(request.key)}`;
  const time = request.now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${target.region}/s3/aws4_request`;
  const { fileName } = request;
  // The parameters are signed in alphabetical order, capitals first.
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${percentEncode(`${target.accessKey}/${scope}`)}`,
    `X-Amz-Date=${time}`,
    `X-Amz-Expires=${request.expiresSeconds}`,
    'X-Amz-SignedHeaders=host',
    ...(fileName === undefined
      ? []
      : [`response-content-disposition=${percentEncode(`attachment; filename="${fileName}"`)}`]),
  ].join('&');
  const canonical = `GET\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const signature = createHmac('sha256', signingKey(target.secretKey, scope))
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`)
    .digest('hex');
  return `${target.useTls ? 'https' : 'http'}://${host}${path}?${query}&X-Amz-Signature=${signature}`;
}

/** Returns the Host header that clients send, which omits the default port. */
function hostOf({ endpoint, port, useTls }: PresignTarget): string {
  const host = endpoint.includes(':') ? `[${endpoint}]` : endpoint;
  return port === (useTls ? 443 : 80) ? host : `${host}:${port}`;
}
