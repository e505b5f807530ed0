export type SourceKind = 'flag' | 'environment' | 'env_file' | 'file';

/** One place that settings come from. */
export interface Source {
  kind: SourceKind;
  /** Where the value comes from: `environment`, `--endpoint`, or the path of a file. */
  origin: string;
  /** Where relative paths in it begin; the working folder where it is undefined. */
  folder?: string | undefined;
  values: Readonly<Record<string, string | undefined>>;
}

/** A value, and where it comes from. */
export interface Setting {
  value: string;
  kind: SourceKind;
  origin: string;
  folder: string | undefined;
  /** 0 for the source that goes before all others. */
  rank: number;
}

export type Settings = ReadonlyMap<string, Setting>;

/** Takes each variable from the first source that has it. An empty value counts as unset. */
export function mergeSources(
  sources: readonly Source[],
  only: (name: string) => boolean = () => true,
): Settings {
  const merged = new Map<string, Setting>();
  for (const [rank, { kind, origin, folder, values }] of sources.entries()) {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || value === '' || merged.has(name) || !only(name)) continue;
      merged.set(name, { value, kind, origin, folder, rank });
    }
  }
  return merged;
}

/** The first of these variables that is set, whatever its source: later ones are fallbacks. */
export function firstOf(
  settings: Settings,
  ...names: string[]
): (Setting & { name: string }) | undefined {
  for (const name of names) {
    const setting = settings.get(name);
    if (setting !== undefined) return { ...setting, name };
  }
  return undefined;
}

/** `MINIO_PORT (environment): must be …` */
export function problemWith(name: string, origin: string, what: string): string {
  return `${name} (${origin}): ${what}`;
}
