/** Returns the words of a command line, quoted for a shell where needed. */
export function commandLine(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The text of a backup for the commands: in its destination. */
export function backupPath(destination: string, id: string): string {
  return `${destination.replace(/\/+$/, '')}/${id}`;
}

/** The folders on the way to a prefix, the outermost first, each with its slash. */
export function foldersTo(prefix: string): { name: string; prefix: string }[] {
  const names = prefix.split('/').slice(0, -1);
  return names.map((name, index) => ({
    name,
    prefix: `${names.slice(0, index + 1).join('/')}/`,
  }));
}

/** The address of the bytes of an object. The key is one segment: the browser would resolve `..`. */
export function objectHref(
  destination: string,
  id: string,
  { bucket, key }: { bucket: string; key: string },
): string {
  const path = ['api', 'backups', id, 'objects', bucket, key].map(encodeURIComponent).join('/');
  return `/${path}?${new URLSearchParams({ destination }).toString()}`;
}

const IMAGES = /\.(?:jpe?g|png|webp|gif|avif)$/i;

/** Whether a browser may be able to show the object. */
export function isImage(key: string): boolean {
  return IMAGES.test(key);
}
