import { join } from 'node:path';
import { TarArchive } from '../../src/archive/tar-archive.js';
import type { Destination } from '../../src/repository/destination.js';
import { FileSource } from '../../src/repository/folder/file-source.js';

export interface Read {
  id: string;
  offset: number;
  length: number;
}

/** A folder of backups that tells what is read of its archives. */
export function countingDestination(
  inner: Destination,
  folder: string,
  onRead: (read: Read) => void,
): Destination {
  return Object.assign(Object.create(inner) as Destination, {
    location: inner.location,
    list: () => inner.list(),
    listLegacy: async () => (await inner.listLegacy?.()) ?? [],
    read: (id: string) => inner.read(id),
    freeBytes: () => inner.freeBytes(),
    openArchive: async (id: string) => {
      const source = await FileSource.open(join(folder, `${id}.tar.gz`));
      return new TarArchive({
        sizeBytes: source.sizeBytes,
        read: (offset, length) => {
          onRead({ id, offset, length });
          return source.read(offset, length);
        },
        close: () => source.close(),
      });
    },
  });
}
