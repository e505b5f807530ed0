import { MangamotionError, isMangamotionError } from '../errors.js';

/** Errors of encrypted runs name no object, because logs are often kept in plain text. Pure. */

const WHY = 'what it concerned is not named, because the backup is encrypted';

interface Endpoints {
  /** The endpoint of the store that is backed up. */
  store: string;
  /** Where the destination lies; `undefined` if it is a folder. The bucket is not backed up. */
  destination: { endpoint: string; bucket: string } | undefined;
}

/**
 * Returns an error of an encrypted run without the names of objects, and without a cause, which may have
 * them. What the error says of the destination stays, because the destination has no names of objects.
 */
export function withoutNames(error: unknown, endpoints: Endpoints): MangamotionError {
  if (!isMangamotionError(error) || error.code === 'internal') return unexpected(error);
  const { code, message, hint, request } = error;
  if (request === undefined || isOfDestination(message, endpoints)) {
    return error.cause === undefined
      ? error
      : new MangamotionError(code, message, { hint, request });
  }
  const { operation, status, code: answer } = request;
  const failure = status === null ? `no answer (${answer})` : `${answer} (status ${status})`;
  const text = `${operation} at ${endpoints.store} got ${failure}; ${WHY}`;
  return new MangamotionError(code, text, { hint, request });
}

/** Whether a request concerned a file of a backup, the destination as a whole, or its server alone. */
function isOfDestination(message: string, { store, destination }: Endpoints): boolean {
  if (message.startsWith('s3://')) return true;
  if (destination === undefined || !message.includes(destination.endpoint)) return false;
  const { endpoint, bucket } = destination;
  if (endpoint !== store) return !message.includes(store);
  return message.startsWith(`${bucket}/`) || message.startsWith(`${bucket}: `);
}

/** Keeps the stack trace, for a bug report. */
function unexpected(error: unknown): MangamotionError {
  const hidden = new MangamotionError(
    'internal',
    'unexpected error, whose text may name objects and is not shown, because the backup is encrypted; this is a bug',
    { hint: 'run the command again with --debug, and report what it prints' },
  );
  const frames = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  hidden.stack = [hidden.message, ...frames.filter((line) => /^ {4}at /.test(line))].join('\n');
  return hidden;
}
