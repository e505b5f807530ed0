import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Hides texts from everybody who lacks a secret. Equal texts have equal seals. */
export class TextSeal {
  readonly #secret: Buffer | undefined;

  /** `secret`: 32 bytes, for one purpose alone; `undefined`: nothing is hidden. */
  constructor(secret: Buffer | undefined) {
    this.#secret = secret;
  }

  seal(text: string): string {
    const secret = this.#secret;
    if (secret === undefined) return text;
    const nonce = createHmac('sha256', secret).update(text).digest().subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, secret, nonce);
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64');
  }

  /** Throws a SyntaxError if the text was not sealed with the same secret. */
  open(text: string): string {
    const secret = this.#secret;
    if (secret === undefined) return text;
    const bytes = Buffer.from(text, 'base64');
    try {
      const decipher = createDecipheriv(ALGORITHM, secret, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
    } catch {
      throw new SyntaxError('it is sealed with another key');
    }
  }
}
