import { createHash, sign, verify } from 'node:crypto';
import { type PublicKey, type SigningKey, decodeBase64, keyIdText } from './keys.js';

/**
 * A signature in the format of minisign: two lines with comments, one of them signed, and two with
 * signatures in base64. Pure.
 */

/** Prehashed with BLAKE2b-512; `Ed` is how minisign signed before version 0.11. */
const PREHASHED = 'ED';
const LEGACY = 'Ed';

const UNTRUSTED = 'untrusted comment:';
const TRUSTED = 'trusted comment: ';
const SIGNATURE_BYTES = 64;
const HEAD_BYTES = 2 + 8;

/** What is wrong with a signature: the kinds of findings, which `backup verify` names. */
export type SignatureFault =
  /** There is none. */
  | 'signature_missing'
  /** The file is too large, or is not one signature of minisign. */
  | 'signature_unreadable'
  /** It was made with a key that is not trusted. */
  | 'signer_unknown'
  /** What was signed has changed since, or was signed by somebody else. */
  | 'signature_wrong'
  /** The trusted comment has changed since. */
  | 'signature_comment'
  /** It is the signature of another file. */
  | 'signature_of_other';

export type Checked = { signedBy: string } | { fault: SignatureFault; message: string };

interface SignatureFile {
  isPrehashed: boolean;
  keyId: Buffer;
  signature: Buffer;
  trustedComment: Buffer;
  globalSignature: Buffer;
}

/** Returns the signature of a file with this name (without its folder), which ends in `.minisig`. */
export function signFile(
  content: Buffer,
  { fileName, time }: { fileName: string; time: Date },
  { secret, publicKey }: SigningKey,
): string {
  const signature = sign(null, digestOf(content), secret);
  const seconds = Math.floor(time.getTime() / 1000);
  const comment = `timestamp:${seconds}\tfile:${fileName}\thashed`;
  const head = Buffer.concat([Buffer.from(PREHASHED), publicKey.id, signature]);
  const global = sign(null, Buffer.concat([signature, Buffer.from(comment)]), secret);
  const lines = [
    `${UNTRUSTED} signature by mangamotion, key ${keyIdText(publicKey.id)}`,
    head.toString('base64'),
    TRUSTED + comment,
    global.toString('base64'),
  ];
  return `${lines.join('\n')}\n`;
}

/** Checks that one of the signers signed this content under this file name, and nothing else. */
export function checkSignature(
  file: Buffer,
  { content, fileName }: { content: Buffer; fileName: string },
  signers: readonly PublicKey[],
): Checked {
  const parsed = parseSignature(file);
  const name = `${fileName}.minisig`;
  if (typeof parsed === 'string') {
    return { fault: 'signature_unreadable', message: `${name} ${parsed}` };
  }
  const signedBy = keyIdText(parsed.keyId);
  const candidates = signers.filter(({ id }) => id.equals(parsed.keyId));
  if (candidates.length === 0) {
    const trusted = signers.map(({ id }) => keyIdText(id)).join(', ');
    return {
      fault: 'signer_unknown',
      message: `${name} was made with key ${signedBy}, and only ${trusted} is trusted`,
    };
  }
  const signed = parsed.isPrehashed ? digestOf(content) : content;
  const signer = candidates.find(({ key }) => verify(null, signed, key, parsed.signature));
  if (signer === undefined) {
    return {
      fault: 'signature_wrong',
      message: `${fileName} is not what key ${signedBy} signed: it was changed, or forged`,
    };
  }
  const both = Buffer.concat([parsed.signature, parsed.trustedComment]);
  if (!verify(null, both, signer.key, parsed.globalSignature)) {
    return {
      fault: 'signature_comment',
      message: `the trusted comment in ${name} is not what key ${signedBy} signed`,
    };
  }
  const files = fileNamesIn(parsed.trustedComment);
  if (files.length === 1 && files[0] === fileName) return { signedBy };
  const what = files.length === 1 ? `that of ${JSON.stringify(files[0])}` : 'of no single file';
  return { fault: 'signature_of_other', message: `the signature in ${name} is ${what}` };
}

/** Returns what is wrong with a file that is not exactly one signature. */
function parseSignature(file: Buffer): SignatureFile | string {
  // Bytes stay what they are, because one of the lines is signed.
  const lines = file.toString('latin1').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const [untrusted = '', first = '', trusted = '', second = ''] = lines;
  if (!untrusted.startsWith(UNTRUSTED)) return 'is not a signature of minisign';
  if (lines.length < 4) return 'is cut off';
  if (lines.length > 4) return 'holds more than one signature, or something else behind it';
  if (!trusted.startsWith(TRUSTED)) return 'has no trusted comment';
  const [head, globalSignature] = [decodeBase64(first), decodeBase64(second)];
  const kind = head?.toString('latin1', 0, 2);
  if (head?.length !== HEAD_BYTES + SIGNATURE_BYTES) return 'is not a signature of minisign';
  if (kind !== PREHASHED && kind !== LEGACY) return 'is a signature of a kind that is not known';
  if (globalSignature?.length !== SIGNATURE_BYTES) return 'has no signature of its comment';
  return {
    isPrehashed: kind === PREHASHED,
    keyId: head.subarray(2, HEAD_BYTES),
    signature: head.subarray(HEAD_BYTES),
    trustedComment: Buffer.from(trusted.slice(TRUSTED.length), 'latin1'),
    globalSignature,
  };
}

/** The names in `timestamp:1700000000	file:NAME	hashed`, which minisign writes too. */
function fileNamesIn(trustedComment: Buffer): string[] {
  return trustedComment
    .toString('utf8')
    .split(/[\t ]/)
    .flatMap((field) => (field.startsWith('file:') ? [field.slice('file:'.length)] : []));
}

function digestOf(content: Buffer): Buffer {
  return createHash('blake2b512').update(content).digest();
}
