import { watch } from 'node:fs';

/**
 * Calls with the name of what changes in a folder. Where the system does not tell (some file systems
 * of a network, or no watches left), nothing is called: whoever needs it looks now and then too.
 * Returns what ends it.
 */
export function watchFolder(folder: string, onChange: (name: string | null) => void): () => void {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
