const EXAMPLE = 'processed/{job}/result.zip';

/**
 * Reads `processed/{job}/result.zip,outputs/{job}/video.mp4`: paths that begin with a bucket, or
 * with a prefix where all files are in one bucket. Returns what is wrong (`must …`) for anything else.
 */
export function parseJobPaths(text: string): string[] | string {
  const paths = text.split(',').map((path) => path.trim());
  for (const path of paths) {
    const problem = problemOf(path);
    if (problem !== undefined) return problem;
  }
  return [...new Set(paths)];
}

function problemOf(path: string): string | undefined {
  const [first = '', ...rest] = path.split('/');
  if (first === '' || rest.length === 0 || rest.at(-1) === '') {
    return `must be paths such as ${EXAMPLE}, with commas between them`;
  }
  // All jobs would have the same file.
  if (!rest.join('/').includes('{job}')) {
    return `must have {job} in each path, behind the first slash, as ${EXAMPLE} has`;
  }
  const other = /\{(?!job\})[^}]*\}?/.exec(path)?.[0];
  if (other !== undefined) return `must have no placeholder but {job}, and there is ${other}`;
  return undefined;
}
