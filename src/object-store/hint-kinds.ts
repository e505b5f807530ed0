/**
 * Hints for errors that a wrong setting can cause. Each store has its own names for its settings,
 * so whoever opens the store supplies the hints.
 */
export interface SettingHints {
  /** The server cannot be reached, and the cause is not known. */
  address: string;
  invalidAddress: string;
  keys: string;
  signature: string;
  rights: string;
  needsTls: string;
  noTls: string;
  notHttp: string;
  /** The certificate is for another name. */
  serverName: string;
  certificate: string;
  refused: string;
  unknownName: string;
  /** A server answers, but it is not an S3 server. */
  notS3: string;
}

export interface StoreHints extends SettingHints {
  /** Describes the proxy on the way, which may have answered instead of the store. Absent if there is none. */
  way?: string | undefined;
}

/** Neutral hints for stores opened without their own, such as in tests. */
export const PLAIN_HINTS: SettingHints = {
  address: 'Check the address of the store.',
  invalidAddress: 'Give a host name or an address.',
  keys: 'Check the access key and the secret key.',
  signature: 'Check the secret key and the region, and that no proxy rewrites Host or path.',
  rights: 'Check the access key and its policy.',
  needsTls: 'Use TLS.',
  noTls: 'The server does not use TLS on that port.',
  notHttp: 'The answer is not HTTP. The server may expect TLS.',
  serverName: 'Use a host name that the certificate covers.',
  certificate: 'Name the CA that signed the certificate.',
  refused: 'Check that the server is running, and on that port.',
  unknownName: 'The host name cannot be resolved.',
  notS3: 'Check that the address is that of an S3 server, and not of a proxy or a console.',
};
