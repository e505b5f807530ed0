import { execa } from 'execa';

/** A program that reads a tar.gz, as a user without this tool would call it. */
export interface TarReader {
  name: string;
  debianPackage: string;
  version: [string, ...string[]];
  list: (archive: string) => [string, ...string[]];
  extract: (archive: string, folder: string) => [string, ...string[]];
}

const PYTHON_LIST = `
import sys, tarfile
sys.stdout.reconfigure(encoding="utf-8")
with tarfile.open(sys.argv[1], "r:gz") as archive:
    for member in archive: print(member.name)
`;
const PYTHON_EXTRACT = `
import sys, tarfile
with tarfile.open(sys.argv[1], "r:gz") as archive: archive.extractall(sys.argv[2])
`;

export const TAR_READERS: readonly TarReader[] = [
  {
    name: 'GNU tar',
    debianPackage: 'tar',
    version: ['tar', '--version'],
    list: (archive) => ['tar', '--quoting-style=literal', '-tzf', archive],
    extract: (archive, folder) => ['tar', '-xzf', archive, '-C', folder],
  },
  {
    name: 'bsdtar',
    debianPackage: 'libarchive-tools',
    version: ['bsdtar', '--version'],
    list: (archive) => ['bsdtar', '-tf', archive],
    extract: (archive, folder) => ['bsdtar', '-xf', archive, '-C', folder],
  },
  {
    name: 'tarfile of Python',
    debianPackage: 'python3',
    version: ['python3', '--version'],
    list: (archive) => ['python3', '-c', PYTHON_LIST, archive],
    extract: (archive, folder) => ['python3', '-c', PYTHON_EXTRACT, archive, folder],
  },
];

/** Standard output; rejects where the program fails or says anything on standard error. */
export async function run([command, ...args]: [string, ...string[]]): Promise<string> {
  const { stdout, stderr } = await execa(command, args, {
    env: { LC_ALL: 'C.UTF-8', PYTHONWARNINGS: 'ignore' },
    maxBuffer: 1024 * 1024,
  });
  if (stderr !== '') throw new Error(`${command} complains: ${stderr}`);
  return stdout;
}

export async function requireReader(reader: TarReader): Promise<void> {
  try {
    await run(reader.version);
  } catch (cause) {
    const install = `apt-get install --no-install-recommends ${reader.debianPackage}`;
    throw new Error(`${reader.name} is needed to prove that it reads our archives: ${install}`, {
      cause,
    });
  }
}
