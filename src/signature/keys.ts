import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { countOf } from '../count-of.js';
import { MangamotionError } from '../errors.js';

/** Keys in the format of minisign 0.11, with which it and this program sign and check the same files. */

/** Whose signatures are accepted. */
export interface PublicKey {
  /** 8 bytes, which a signature repeats. */
  readonly id: Buffer;
  /** An Ed25519 key. */
  readonly key: KeyObject;
}

/** What signs. Its secret part must never be shown. */
export interface SigningKey {
  readonly secret: KeyObject;
  readonly publicKey: PublicKey;
}

const ED25519 = 'Ed';
const BLAKE2B = 'B2';
/** No key derivation: the key is not encrypted. */
const NO_KDF = '\0\0';
const SCRYPT = 'Sc';

const KEY_ID_BYTES = 8;
const PUBLIC_BYTES = 32;
/** A seed of 32 bytes, and the public key. */
const SECRET_BYTES = 64;
const CHECKSUM_BYTES = 32;
/** The salt, and the two limits of scrypt. */
const KDF_BYTES = 32 + 8 + 8;
const PUBLIC_FILE_BYTES = 2 + KEY_ID_BYTES + PUBLIC_BYTES;
const SECRET_FILE_BYTES = 6 + KDF_BYTES + KEY_ID_BYTES + SECRET_BYTES + CHECKSUM_BYTES;

/** RFC 8410: what precedes the 32 bytes of a key in DER. */
const SPKI_START = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex');

/** More keys than anybody trusts at a time. */
const MOST_KEYS = 64;

const COMMENT = 'untrusted comment:';

/**
 * Parses public keys, one a line, with or without minisign's comments. `origin` names the setting or the
 * file. Throws `configuration`.
 */
export function parsePublicKeys(text: string, origin: string): PublicKey[] {
  const lines = keyLines(text);
  if (lines.some((line) => decodeBase64(line)?.length === SECRET_FILE_BYTES)) {
    throw wrongKey(
      `${origin} holds a secret key where a public one belongs`,
      'Give its public key, which "mangamotion key show FILE" prints, and keep the secret key elsewhere.',
    );
  }
  if (lines.length === 0) throw wrongKey(`${origin} holds no public key of minisign`);
  if (lines.length > MOST_KEYS) {
    throw wrongKey(
      `${origin} holds ${countOf(lines.length, 'key')}, and at most ${MOST_KEYS} can be`,
    );
  }
  return lines.map((line) => parsePublicKey(line, origin));
}

function parsePublicKey(line: string, origin: string): PublicKey {
  const bytes = decodeBase64(line);
  if (bytes?.length !== PUBLIC_FILE_BYTES || bytes.toString('latin1', 0, 2) !== ED25519) {
    throw wrongKey(
      `${origin} is not a public key of minisign`,
      'A public key begins with RW and has 56 characters. Copy the whole line that "mangamotion key show FILE" prints, or name the file that ends in .pub.',
    );
  }
  const id = Buffer.from(bytes.subarray(2, 2 + KEY_ID_BYTES));
  return publicKeyOf(id, bytes.subarray(2 + KEY_ID_BYTES));
}

function publicKeyOf(id: Buffer, point: Buffer): PublicKey {
  const der = Buffer.concat([SPKI_START, point]);
  return { id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** Whether a text is a file of minisign, and not of age. */
export function isMinisignFile(text: string): boolean {
  return text.startsWith(COMMENT);
}

/** Returns the public key of a file that holds a secret or a public one. Throws `configuration`. */
export function publicKeyIn(text: string, file: string): PublicKey {
  const [line = ''] = keyLines(text);
  if (decodeBase64(line)?.length !== PUBLIC_FILE_BYTES)
    return parseSigningKey(text, file).publicKey;
  return parsePublicKey(line, file);
}

/**
 * Parses a secret key that is not encrypted. `file` is its name, for messages. Throws `configuration`,
 * without showing the key.
 */
export function parseSigningKey(text: string, file: string): SigningKey {
  const lines = keyLines(text);
  const [line = ''] = lines;
  const bytes = decodeBase64(line);
  if (bytes?.length === PUBLIC_FILE_BYTES) {
    throw wrongKey(`${file} holds a public key, and signing needs the secret one`, HOW_TO_MAKE);
  }
  const isOne = lines.length === 1 && bytes?.length === SECRET_FILE_BYTES;
  if (!isOne || bytes.toString('latin1', 0, 2) !== ED25519) {
    throw wrongKey(`${file} is not a secret key of minisign`, HOW_TO_MAKE);
  }
  const [kdf, checksumKind] = [bytes.toString('latin1', 2, 4), bytes.toString('latin1', 4, 6)];
  if (kdf === SCRYPT) {
    throw wrongKey(
      `${file} is protected with a password, and nobody is there to type it when a backup is signed`,
      `Make a key without one: "mangamotion key new --signing FILE", or "minisign -G -W -s FILE -p FILE.pub".`,
    );
  }
  if (kdf !== NO_KDF || checksumKind !== BLAKE2B) {
    throw wrongKey(`${file} is a secret key of a kind that is not known`, HOW_TO_MAKE);
  }
  const rest = bytes.subarray(6 + KDF_BYTES);
  const id = Buffer.from(rest.subarray(0, KEY_ID_BYTES));
  const pair = rest.subarray(KEY_ID_BYTES, KEY_ID_BYTES + SECRET_BYTES);
  const checksum = rest.subarray(KEY_ID_BYTES + SECRET_BYTES);
  // minisign -W writes zeros. The public key is then what shows a damaged secret one.
  const isIntact =
    checksum.equals(checksumOf(id, pair)) || checksum.equals(Buffer.alloc(CHECKSUM_BYTES));
  const secret = secretKeyOf(pair.subarray(0, PUBLIC_BYTES));
  const point = pointOf(secret);
  if (!isIntact || !point.equals(pair.subarray(PUBLIC_BYTES))) {
    throw wrongKey(`${file} is damaged: its checksum is wrong`, 'Copy it again from its backup.');
  }
  return { secret, publicKey: publicKeyOf(id, point) };
}

const HOW_TO_MAKE = 'Make a key with "mangamotion key new --signing FILE", or with minisign -G -W.';

/** Makes a new key with a random id. */
export function newSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const id = randomBytes(KEY_ID_BYTES);
  return { secret: privateKey, publicKey: publicKeyOf(id, pointOf(privateKey)) };
}

/** The file of a secret key that is not encrypted. */
export function encodeSigningKey({ secret, publicKey: { id } }: SigningKey): string {
  const seed = secret.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_START.length);
  const pair = Buffer.concat([seed, pointOf(secret)]);
  const kinds = Buffer.from(ED25519 + NO_KDF + BLAKE2B, 'latin1');
  const bytes = Buffer.concat([kinds, Buffer.alloc(KDF_BYTES), id, pair, checksumOf(id, pair)]);
  return `${COMMENT} mangamotion secret key, not encrypted\n${bytes.toString('base64')}\n`;
}

/** The file of a public key, as `minisign -p` takes it. */
export function encodePublicKey(key: PublicKey): string {
  return `${COMMENT} minisign public key ${keyIdText(key.id)}\n${publicKeyText(key)}\n`;
}

/** `RW…`, as `minisign -P` takes it. */
export function publicKeyText({ id, key }: PublicKey): string {
  return Buffer.concat([Buffer.from(ED25519), id, pointOf(key)]).toString('base64');
}

/** The id of a key in 16 hexadecimal digits. minisign leaves out zeros at their beginning. */
export function keyIdText(id: Buffer): string {
  return Buffer.from(id).reverse().toString('hex').toUpperCase();
}

function secretKeyOf(seed: Buffer): KeyObject {
  const der = Buffer.concat([PKCS8_START, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of a public key, or of that of a secret one. */
function pointOf(key: KeyObject): Buffer {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'der',
    type: 'spki',
  });
  return spki.subarray(SPKI_START.length);
}

function checksumOf(id: Buffer, pair: Buffer): Buffer {
  const signed = Buffer.concat([Buffer.from(ED25519), id, pair]);
  return Buffer.from(blake2b(signed, { dkLen: CHECKSUM_BYTES }));
}

function keyLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith(COMMENT) && !line.startsWith('#'));
}

/** Returns `undefined` for anything but canonical base64, in which each text has one meaning. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function wrongKey(message: string, hint?: string): MangamotionError {
  return new MangamotionError('configuration', message, { hint });
}
