import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Quirk } from './quirk.js';

export interface NamedQuirk extends Quirk {
  /** The name of its file. */
  name: string;
}

/** Every file of the folder `quirks`, in the order of their names. */
export async function loadQuirks(): Promise<NamedQuirk[]> {
  const folder = fileURLToPath(new URL('quirks/', import.meta.url));
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const quirks: NamedQuirk[] = [];
  for (const file of files.sort()) {
    const name = basename(file, '.ts');
    const module = (await import(`./quirks/${name}.ts`)) as { default: Quirk };
    quirks.push({ name, ...module.default });
  }
  return quirks;
}
