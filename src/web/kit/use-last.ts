import { useRef } from 'preact/hooks';

/** The last value that was known of the same thing, until the next one is: no flicker in between. */
export function useLast<T>(of: string, value: T | undefined): T | undefined {
  const last = useRef<{ of: string; value: T | undefined }>({ of, value });
  if (last.current.of !== of || value !== undefined) last.current = { of, value };
  return last.current.value;
}
