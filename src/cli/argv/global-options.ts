import { MangamotionError } from '../../errors.js';
import type { Command } from './command.js';
import type { OptionSpecs, OptionValues } from './option-specs.js';
import { flagOf } from './option-specs.js';
import { parseFields } from '../output/fields.js';

/** Accepted before and after the command, by every command. */
export const globalOptions = {
  json: { description: 'print one JSON document on stdout' },
  csv: { description: 'print rows as CSV (RFC 4180); cells that look like formulas are quoted' },
  rawCsv: { description: 'like --csv, but leave every cell as it is' },
  fields: {
    value: 'names',
    description:
      'with --json or --csv, only these fields of the answer, or of each row: a,b.c (see help json)',
    parse: parseFields,
  },
  utc: { description: 'show times in UTC, not in the zone of this terminal (TZ)' },
  noPager: { description: 'print long answers without a pager' },
  wide: { description: 'show all columns of a table, and cut nothing' },
  quiet: { short: 'q', description: 'show no progress and no notes on stderr' },
  verbose: {
    short: 'v',
    description: 'also tell on stderr of files of settings, connections, and each repeated request',
  },
  yes: { short: 'y', description: 'answer yes to every question' },
  noInput: { description: 'never ask; behave as if there were no terminal' },
  noColor: { description: 'print without colour' },
  debug: { description: 'show stack traces and causes of errors' },
  envFile: {
    value: 'file',
    description: 'read settings from a file of NAME=value lines',
    complete: 'file',
  },
  config: {
    value: 'file',
    description: 'read settings from this file instead of mangamotion.config.json',
    complete: 'file',
  },
} as const satisfies OptionSpecs;

/**
 * Each stands for a variable. There is none for the secret key: command lines are seen by all users
 * of a machine and kept in shell histories.
 */
export const connectionOptions = {
  endpoint: {
    value: 'address',
    description: 'the object store: host, host:port or URL (MINIO_ENDPOINT)',
  },
  accessKey: {
    value: 'key',
    description:
      'the access key (MINIO_ACCESS_KEY); the secret key has no flag: set MINIO_SECRET_KEY or ' +
      'MINIO_SECRET_KEY_FILE',
  },
  region: { value: 'name', description: 'the region of the store (MINIO_REGION)' },
  caFile: {
    value: 'file',
    description: 'CA certificates for TLS (MINIO_CA_FILE)',
    complete: 'file',
  },
  limitRate: {
    value: 'rate',
    description:
      'at most so many bytes per second to the stores, and as many from them, such as 20M ' +
      '(BACKUP_LIMIT_RATE)',
    // Empty, as an unset variable of a script, it would mean no limit.
    parse: notEmpty,
  },
} as const satisfies OptionSpecs;

/** Of commands that make backups or read them. */
export const keyOptions = {
  identity: {
    value: 'file',
    description: 'the file of age keys that open encrypted backups (BACKUP_AGE_IDENTITY_FILE)',
    complete: 'file',
    parse: notEmpty,
  },
} as const satisfies OptionSpecs;

/** Of commands that make backups. */
export const recipientOptions = {
  recipient: {
    value: 'age1…',
    description: 'encrypt the backup to this age recipient (BACKUP_AGE_RECIPIENTS)',
    repeatable: true,
    parse: notEmpty,
  },
  recipientFile: {
    value: 'file',
    description: 'encrypt it to the recipients in this file (BACKUP_AGE_RECIPIENTS_FILE)',
    complete: 'file',
    parse: notEmpty,
  },
} as const satisfies OptionSpecs;

/** Of commands that make backups. */
export const signingOptions = {
  signingKey: {
    value: 'file',
    description: 'sign the backup with the minisign key in this file (BACKUP_SIGNING_KEY_FILE)',
    complete: 'file',
    parse: notEmpty,
  },
} as const satisfies OptionSpecs;

/** Of commands that check signatures. */
export const signerOptions = {
  signer: {
    value: 'key',
    description:
      'accept only backups that this minisign key has signed: RW…, or a file such as backup.pub ' +
      '(BACKUP_SIGNER)',
    repeatable: true,
    complete: 'file',
    parse: notEmpty,
  },
} as const satisfies OptionSpecs;

/** Of every command that changes something and can run dry. */
export const dryRunOption = {
  dryRun: { description: 'show what would be done, but change nothing (also: DRY_RUN=true)' },
} as const satisfies OptionSpecs;

/** Those that make a difference to a command: the ones that its help and its completion show. */
export function usefulOptions(command: Command): OptionSpecs {
  const { csv, rawCsv, ...others } = globalOptions;
  return {
    ...others,
    ...(command.printsRows ? { csv, rawCsv } : {}),
    ...(command.usesStore ? connectionOptions : {}),
    ...(command.usesDestination === true ? { limitRate: connectionOptions.limitRate } : {}),
    ...(command.opensBackups === true ? keyOptions : {}),
    ...(command.makesBackups === true ? { ...recipientOptions, ...signingOptions } : {}),
    ...(command.checksSignatures === true ? signerOptions : {}),
  };
}

function notEmpty(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must not be empty');
}

/** Every option that any command accepts. */
export const allGlobalOptions = {
  ...globalOptions,
  ...connectionOptions,
  ...keyOptions,
  ...recipientOptions,
  ...signingOptions,
  ...signerOptions,
} as const satisfies OptionSpecs;

export type GlobalOptions = OptionValues<typeof allGlobalOptions>;

/** The flags that name settings, as they were given: none of them is a secret. */
export function settingFlagsOf(global: GlobalOptions): string[] {
  const { envFile, config, endpoint, accessKey, region, caFile, limitRate } = global;
  const { identity, recipient, recipientFile, signingKey, signer } = global;
  const single = { envFile, config, endpoint, accessKey, region, caFile, limitRate };
  const flags = Object.entries({ ...single, identity, recipientFile, signingKey });
  return [
    ...flags.flatMap(([name, value]) => (value === undefined ? [] : [flagOf(name), value])),
    ...recipient.flatMap((value) => [flagOf('recipient'), value]),
    ...signer.flatMap((value) => [flagOf('signer'), value]),
  ];
}
