import { createHash } from 'node:crypto';
import http from 'node:http';
import { compareKeys } from '../../src/key-order.js';
import { encodePath, percentEncode } from '../../src/object-store/s3/wire/percent-encoding.js';
import { Signer } from '../../src/object-store/s3/sign-v4.js';
import { readEntries, type Entry } from './odd-listing.js';
import type { OddAnswer, OddRequest } from './odd-messages.js';
import { testStoreOptions } from './test-store.js';

/**
 * The real server behind an odd one. Every request is signed anew, so that a quirk may change what
 * it likes of it. Keys that some real servers cannot keep are kept under other names, so that each
 * quirk can be shown on each server.
 */
export class Upstream {
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #options = testStoreOptions();
  readonly #signer = new Signer(this.#options);

  async send(request: OddRequest): Promise<OddAnswer> {
    const { method, bucket, key, query } = request;
    const place =
      bucket === '' ? '/' : `/${bucket}${key === '' ? '' : `/${encodePath(kept(key))}`}`;
    const parameters = Array.from(query, ([name, value]) =>
      value === '' ? name : `${percentEncode(name)}=${percentEncode(value)}`,
    );
    const path = parameters.length === 0 ? place : `${place}?${parameters.join('&')}`;
    const body = key === '' && query.has('delete') ? keptInXml(request.body) : request.body;
    const headers = this.#headers({ ...request, body }, request.body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const region = this.#options.region ?? 'us-east-1';
    this.#signer.sign({ method, path, headers, sha256, region, folding: 'spaces' }, new Date());
    const answer = await this.#exchange({ method, path, headers }, body);
    return key === '' && query.has('delete') ? { ...answer, ...shownAgain(answer) } : answer;
  }

  /** All objects of a bucket as the real server lists them, in the order of their keys. */
  async list(request: OddRequest): Promise<Entry[] | OddAnswer> {
    const all: Entry[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const query = new Map([
        ['list-type', '2'],
        ['encoding-type', 'url'],
        ...(token === '' ? [] : [['continuation-token', token] as const]),
      ]);
      const answer = await this.send({ ...request, query });
      if (answer.status !== 200) return answer;
      const page = readEntries(answer.body.toString());
      all.push(...page.entries.map((entry) => ({ ...entry, key: shown(entry.key) })));
      token = page.token;
    }
    return all.sort((a, b) => compareKeys(a.key, b.key));
  }

  close(): void {
    this.#agent.destroy();
  }

  #headers({ headers: sent, method, body }: OddRequest, before: Buffer): Record<string, string> {
    const { endpoint, port } = this.#options;
    const headers = Object.fromEntries(Object.entries(sent).filter(([name]) => !OWN.has(name)));
    headers.host = `${endpoint}:${port}`;
    if (body !== before) headers['content-md5'] = createHash('md5').update(body).digest('base64');
    if (method === 'PUT' || method === 'POST') headers['content-length'] = String(body.length);
    return headers;
  }

  #exchange(
    request: { method: string; path: string; headers: Record<string, string> },
    body: Buffer,
  ): Promise<OddAnswer> {
    const { endpoint: hostname, port } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = http.request({ hostname, port, agent: this.#agent, ...request }, (answered) => {
        const chunks: Buffer[] = [];
        answered.on('data', (chunk: Buffer) => chunks.push(chunk));
        answered.on('error', reject);
        answered.on('end', () => {
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(answered.headers)) {
            if (!['connection', 'keep-alive', 'transfer-encoding'].includes(name)) {
              headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
            }
          }
          const content = Buffer.concat(chunks);
          if (request.method !== 'HEAD') headers['content-length'] = String(content.length);
          resolve({ status: answered.statusCode ?? 502, headers, body: content });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

/** What is said of the way to here. */
const OWN = new Set(['authorization', 'expect', 'connection', 'x-amz-date']);

/** A leading or trailing `/`, `//`, a segment `.` or `..`, a `\`. */
const HARD_TO_KEEP = /^\/|\/$|\/\/|\\|(?:^|\/)\.{1,2}(?:\/|$)/;
const KEPT = '=kept=';

function kept(key: string): string {
  return HARD_TO_KEEP.test(key) ? KEPT + Buffer.from(key).toString('hex') : key;
}

function shown(key: string): string {
  return key.startsWith(KEPT) ? Buffer.from(key.slice(KEPT.length), 'hex').toString() : key;
}

/** Keys in a document of DeleteObjects; those of the tests need no escapes but `&#…;`. */
function keptInXml(body: Buffer): Buffer {
  const text = body.toString();
  const changed = text.replace(
    /<Key>([^<&]*)<\/Key>/g,
    (_, key: string) => `<Key>${kept(key)}</Key>`,
  );
  return changed === text ? body : Buffer.from(changed);
}

function shownAgain({ body, headers }: OddAnswer): Pick<OddAnswer, 'body' | 'headers'> {
  const text = body.toString();
  const content = Buffer.from(
    text.replace(/<Key>([^<&]*)<\/Key>/g, (_, key: string) => `<Key>${shown(key)}</Key>`),
  );
  return { body: content, headers: { ...headers, 'content-length': String(content.length) } };
}
