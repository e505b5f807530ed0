/**
 * What a user should check where a request fails because of a setting. The settings have other names
 * for each store, which only whoever opens the store knows.
 */
export interface StoreHints {
  /** The address, where nothing more is known. */
  address: string;
  /** The address is none of a server. */
  invalidAddress: string;
  keys: string;
  signature: string;
  rights: string;
  needsTls: string;
  noTls: string;
  notHttp: string;
  /** The certificate is for another name. */
  serverName: string;
  /** The certificate is not trusted. */
  certificate: string;
  /** The connection was refused. */
  refused: string;
  unknownName: string;
  /** Something answers that is no S3 server. */
  notS3: string;
}

/** For a store that was opened without hints: by a test, or by a program with its own settings. */
export const PLAIN_HINTS: StoreHints = {
  address: 'Check the address of the store.',
  invalidAddress: 'Give a host name or an address.',
  keys: 'Check the access key and the secret key.',
  signature: 'Check the secret key and the region, and that no proxy rewrites Host or path.',
  rights: 'Check the access key, and what its policy allows.',
  needsTls: 'Use TLS.',
  noTls: 'The server does not speak TLS there.',
  notHttp: 'The answer is not HTTP; the server may speak TLS.',
  serverName: 'Use a name that the certificate is for.',
  certificate: 'Give the CA that signed the certificate.',
  refused: 'Is the server running, and on that port?',
  unknownName: 'The name is not known.',
  notS3: 'Is that an S3 server, or a proxy or console?',
};
