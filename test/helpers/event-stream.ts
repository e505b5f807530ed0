import http from 'node:http';

/** A message of a stream of server-sent events. */
export interface StreamedEvent {
  event: string;
  id: string | undefined;
  data: Record<string, unknown>;
}

/** A client of server-sent events, as a browser is one. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  status = 0;
  headers: http.IncomingHttpHeaders = {};
  isEnded = false;
  readonly #request: http.ClientRequest;
  #response: http.IncomingMessage | undefined;
  #text = '';

  private constructor(request: http.ClientRequest) {
    this.#request = request;
  }

  /** Resolves when the headers have come. */
  static open(
    port: number,
    path: string,
    { headers = {}, paused = false }: { headers?: Record<string, string>; paused?: boolean } = {},
  ): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, headers, agent: false };
      const request = http.get(options, (response) => {
        stream.status = response.statusCode ?? 0;
        stream.headers = response.headers;
        stream.#response = response;
        response.setEncoding('utf8');
        response.on('error', () => undefined);
        response.on('close', () => (stream.isEnded = true));
        if (!paused) stream.read();
        resolve(stream);
      });
      const stream = new EventStream(request);
      request.on('error', reject);
    });
  }

  /** Begins to take what was sent. */
  read(): void {
    this.#response?.on('data', (chunk: string) => this.#take(chunk));
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  of(event: string): StreamedEvent[] {
    return this.events.filter((one) => one.event === event);
  }

  /** Resolves to the first event, after those already seen, that is looked for. */
  async next(
    what: string,
    isIt: (event: StreamedEvent) => boolean,
    { from = 0, withinMs = 15_000 }: { from?: number; withinMs?: number } = {},
  ): Promise<StreamedEvent> {
    const giveUpAtMs = performance.now() + withinMs;
    for (;;) {
      const found = this.events.slice(from).find(isIt);
      if (found !== undefined) return found;
      if (performance.now() > giveUpAtMs)
        throw new Error(`never came: ${what}; but ${JSON.stringify(this.events)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  close(): void {
    this.#request.destroy();
  }

  #take(chunk: string): void {
    const parts = (this.#text + chunk).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => {
          const at = line.indexOf(': ');
          return [line.slice(0, at), line.slice(at + 2)] as const;
        }),
      );
      this.events.push({
        event: fields.get('event') ?? 'message',
        id: fields.get('id'),
        data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
      });
    }
  }
}
