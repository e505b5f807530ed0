import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import type { PageEntry, PageTable } from '../src/serve/page-files.js';
import { documentPaths } from '../src/web/routing/addresses.js';

/** Builds the page of `serve` into dist/web: `node --import jiti/register build/page.ts`. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = path.join(ROOT, 'src/web');
const TARGET = path.join(ROOT, 'dist/web');
/** Of JavaScript and CSS, compressed with gzip, that the largest page needs before it shows. */
const MOST_FIRST_LOAD_BYTES = 40_000;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
};

interface BuiltFile {
  name: string;
  bytes: Uint8Array;
}

async function bundle(): Promise<{ files: BuiltFile[]; outputs: Metafile['outputs'] }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      page: path.join(SOURCES, 'main.tsx'),
      style: path.join(SOURCES, 'style/index.css'),
      icon: path.join(SOURCES, 'icon.svg'),
    },
    outdir: TARGET,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    logLevel: 'warning',
  });
  const files = outputFiles.map(({ path: file, contents }) => ({
    name: path.basename(file),
    bytes: contents,
  }));
  const outputs = Object.fromEntries(
    Object.entries(metafile.outputs).map(([file, output]) => [path.basename(file), output]),
  );
  return { files, outputs };
}

/** The file and every file that it imports before it runs. */
function closure(
  outputs: Metafile['outputs'],
  name: string,
  known = new Set<string>(),
): Set<string> {
  if (known.has(name)) return known;
  known.add(name);
  for (const { path: file, kind } of outputs[name]?.imports ?? [])
    if (kind === 'import-statement') closure(outputs, path.basename(file), known);
  return known;
}

function outputOf(outputs: Metafile['outputs'], source: string): string {
  const found = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === source);
  if (found === undefined) throw new Error(`the build has no output for ${source}`);
  return found;
}

function compressed(bytes: Uint8Array): { br: Uint8Array; gz: Uint8Array } {
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return { br: brotliCompressSync(bytes, { params }), gz: gzipSync(bytes, { level: 9 }) };
}

async function writeBuilt({ name, bytes }: BuiltFile): Promise<PageEntry> {
  const { br, gz } = compressed(bytes);
  await Promise.all([
    writeFile(path.join(TARGET, name), bytes),
    writeFile(path.join(TARGET, `${name}.br`), br),
    writeFile(path.join(TARGET, `${name}.gz`), gz),
  ]);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  // Weak: the encodings of a file have the same tag.
  return { file: name, type: TYPES[path.extname(name)] ?? '', etag: `W/"${hash}"` };
}

/** Throws if a page needs more than may be. */
function expectSmall(
  files: readonly BuiltFile[],
  outputs: Metafile['outputs'],
  entry: string,
): void {
  const sizes = new Map(files.map(({ name, bytes }) => [name, compressed(bytes).gz.length]));
  const always = [...closure(outputs, entry), outputOf(outputs, 'src/web/style/index.css')];
  const loads = Object.keys(outputs)
    .filter((name) => outputs[name]?.entryPoint?.startsWith('src/web/pages/') === true)
    .map((name) => ({ name, files: new Set([...always, ...closure(outputs, name)]) }));
  for (const { name, files: needed } of loads) {
    const bytes = [...needed].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
    console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB before it shows`);
    if (bytes > MOST_FIRST_LOAD_BYTES)
      throw new Error(`${name} needs ${bytes} bytes, more than ${MOST_FIRST_LOAD_BYTES}`);
  }
}

async function documentOf(outputs: Metafile['outputs'], entry: string): Promise<BuiltFile> {
  const template = await readFile(path.join(SOURCES, 'index.html'), 'utf8');
  const preloads = [...closure(outputs, entry)]
    .filter((name) => name !== entry)
    .map((name) => `<link rel="modulepreload" href="/assets/${name}" />`);
  const values: Readonly<Record<string, string>> = {
    icon: `/assets/${Object.keys(outputs).find((name) => name.startsWith('icon-')) ?? ''}`,
    style: `/assets/${outputOf(outputs, 'src/web/style/index.css')}`,
    script: `/assets/${entry}`,
    preload: preloads.join('\n    '),
  };
  const html = template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
  return { name: 'index.html', bytes: Buffer.from(html) };
}

const { files, outputs } = await bundle();
const entry = outputOf(outputs, 'src/web/main.tsx');
expectSmall(files, outputs, entry);
await rm(TARGET, { recursive: true, force: true });
await mkdir(TARGET, { recursive: true });
const entries = await Promise.all(files.map(writeBuilt));
const table: PageTable = {
  documentPaths,
  document: await writeBuilt(await documentOf(outputs, entry)),
  assets: Object.fromEntries(entries.map((file) => [`/assets/${file.file}`, file])),
};
await writeFile(path.join(TARGET, 'files.json'), JSON.stringify(table));
