/** What INFO tells, by field. */
export interface RedisInfo {
  /** `undefined` where the server does not tell it. */
  text(field: string): string | undefined;
  number(field: string): number | undefined;
  /** The replicas of a master. */
  replicas: readonly Replica[];
}

interface Replica {
  address: string;
  /** `online`, or what it does first. */
  state: string;
  /** Seconds since it last said what it has. */
  lagSeconds: number;
}

/** Reads the lines of INFO: https://redis.io/docs/latest/commands/info/. */
export function parseInfo(reply: string): RedisInfo {
  const fields = new Map<string, string>();
  for (const line of reply.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0 && !line.startsWith('#')) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return {
    text: (field) => fields.get(field),
    number: (field) => {
      const value = Number(fields.get(field) ?? NaN);
      return Number.isFinite(value) ? value : undefined;
    },
    replicas: [...fields].flatMap(([name, text]) =>
      /^slave\d+$/.test(name) ? [replica(text)] : [],
    ),
  };
}

/** `ip=10.0.0.2,port=6379,state=online,offset=42,lag=1`. */
function replica(text: string): Replica {
  const parts = new Map(
    text.split(',').map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  return {
    address: `${parts.get('ip') ?? '?'}:${parts.get('port') ?? '?'}`,
    state: parts.get('state') ?? 'unknown',
    lagSeconds: Number(parts.get('lag') ?? NaN),
  };
}
