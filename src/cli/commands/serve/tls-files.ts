import path from 'node:path';
import { createSecureContext } from 'node:tls';
import { MangamotionError, messageOf } from '../../../errors.js';
import { readSmallFile } from '../../../files/bounded.js';
import { explainFileError } from '../../../files/errors.js';

/** A chain of certificates has a few kilobytes. */
const MOST_PEM_BYTES = 1024 * 1024;

interface TlsFiles {
  tlsCert: string | undefined;
  tlsKey: string | undefined;
}

/** Resolves to the certificate chain and its key; to `undefined` without TLS. Rejects with `usage`. */
export async function readTls({ tlsCert, tlsKey }: TlsFiles, cwd: string) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new MangamotionError('usage', '--tls-cert and --tls-key belong together');
  const pair = { cert: await readPem(tlsCert, cwd), key: await readPem(tlsKey, cwd) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const what = `${tlsCert} and ${tlsKey} are not a certificate and its key in PEM`;
    throw new MangamotionError('usage', `${what}: ${messageOf(error)}`, { cause: error });
  }
  return pair;
}

async function readPem(file: string, cwd: string): Promise<string> {
  try {
    const { bytes } = await readSmallFile(path.resolve(cwd, file), { mostBytes: MOST_PEM_BYTES });
    return bytes.toString('utf8');
  } catch (error) {
    const { why } = explainFileError(error);
    throw new MangamotionError('usage', `cannot read ${file}: ${why}`, { cause: error });
  }
}
