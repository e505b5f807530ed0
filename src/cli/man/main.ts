import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readVersion } from '../argv/version.js';
import { catalog } from '../catalog.js';
import { manPages } from './pages.js';

/** The end of `npm run build`: writes the man pages that package.json lists into dist/man. */
const folder = fileURLToPath(new URL('../../man/', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, page] of await manPages(catalog, readVersion())) {
  writeFileSync(`${folder}${name}`, page);
}
