/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process. No other file reads it. */
export function processEnvironment(): Environment {
  return process.env;
}
